// Someone's program that stores a signal at 4 bits in an artifact and reads it back.
#include <cmath>
#include <cstdio>
#include <terse/core/bytes.hpp>
#include <terse/formats/artifact/artifact.hpp>
#include <terse/quant/codec.hpp>
#include <vector>

int main() {
  using namespace terse;
  std::vector<float> signal(100000), restored(signal.size());
  for (std::size_t i = 0; i < signal.size(); ++i) signal[i] = std::sin(static_cast<float>(i) * 0.001f);

  const quant::Layout layout = quant::choose_layout(signal.data(), signal.size(), core::DType::Float32, {.bits = 4});
  core::Bytes payload(quant::payload_bytes(layout)), metadata(quant::metadata_bytes(layout));
  if (!quant::try_encode(signal.data(), layout, {.seed = 1}, payload, metadata)) return 1;

  core::Bytes file;
  const auto sink = core::memory_sink(file);
  formats::ArtifactWriter writer(*sink, {.kind = formats::Kind::Dump, .producer = "outside"});
  writer.tensor({"payload", core::DType::UInt8, {static_cast<std::int64_t>(payload.size())}}, payload);
  writer.finish();
  formats::ArtifactReader reader(core::memory_source(file, "memory"));
  reader.next();
  if (reader.tensor().data != payload) return 1;

  quant::decode(layout, payload, metadata, restored.data());
  float worst = 0;
  for (std::size_t i = 0; i < signal.size(); ++i) worst = std::fmax(worst, std::fabs(signal[i] - restored[i]));
  std::printf("%zu -> %zu bytes, largest error %.4f\n", signal.size() * 4, payload.size() + metadata.size(), worst);
  return payload.size() + metadata.size() < signal.size() && worst < 0.05f ? 0 : 1;
}
