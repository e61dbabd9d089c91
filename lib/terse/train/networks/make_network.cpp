#include "terse/train/networks/make_network.hpp"

#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/train/data/digest.hpp"
#include "terse/train/networks/builtin_network.hpp"

namespace terse::train {

namespace {

std::string file_digest(const std::string& path) {
  const auto source = core::open_source(path);
  std::vector<std::byte> buffer(1u << 20);
  ContentDigest digest;
  while (const auto got = source->read(buffer)) {
    digest.append({reinterpret_cast<const char*>(buffer.data()), got});
  }
  return digest.finish();
}

constexpr const char* kMemoryFormat = "memory_format";

/// Takes the memory format out of a spec. @return whether it is channels_last
bool take_channels_last(Spec& spec) {
  const bool last =
      SpecReader(spec).choice(kMemoryFormat, "contiguous", {"contiguous", "channels_last"}) == "channels_last";
  spec.values.erase(kMemoryFormat);
  return last;
}

}  // namespace

MadeNetwork make_network(const Spec& given, const DataShape& data, bool trusted) {
  MadeNetwork made;
  Spec spec = given;
  made.channels_last = take_channels_last(spec);
  made.spec = spec;
  if (spec.name == "export" || spec.name == "script") {
    SpecReader reader(spec);
    const auto& path = reader.argument("FILE");
    reader.finish(/*takes_argument=*/true);
    made.network = spec.name == "export" ? load_exported_program(path) : load_torchscript(path, trusted);
    made.program_digest = file_digest(path);
  } else {
    made.network = std::make_unique<BuiltinNetwork>(make_model(spec, data, made.spec));
  }
  if (made.channels_last) made.spec.values[kMemoryFormat] = "channels_last";
  return made;
}

}  // namespace terse::train
