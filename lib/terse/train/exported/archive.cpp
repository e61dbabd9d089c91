#include "terse/train/exported/archive.hpp"

#include <tuple>

#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/train/exported/types.hpp"

namespace terse::train::exported {

namespace {

constexpr std::uint64_t kLargestText = 256u << 20;
constexpr std::size_t kLargestRank = 64;

struct Layout {
  std::vector<std::int64_t> sizes, strides;
  std::int64_t offset = 0;
  auto operator<=>(const Layout&) const = default;
};

std::string_view view(const core::Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::int64_t number(const Extent& extent, const std::string& where) {
  if (!extent.number || *extent.number < 0) throw Error(Error::BadInput, where + ": a size that is no plain number");
  return *extent.number;
}

/// A tensor's layout, checked to lie within `elements` elements.
Layout checked_layout(const TensorMeta& meta, std::uint64_t elements, const std::string& where) {
  if (meta.sizes.size() != meta.strides.size() || meta.sizes.size() > kLargestRank) {
    throw Error(Error::BadInput, where + ": sizes and strides do not match");
  }
  Layout layout;
  layout.offset = number(meta.storage_offset, where);
  auto last = static_cast<std::uint64_t>(layout.offset);
  bool empty = false;
  for (std::size_t d = 0; d < meta.sizes.size(); ++d) {
    layout.sizes.push_back(number(meta.sizes[d], where));
    layout.strides.push_back(number(meta.strides[d], where));
    if (layout.sizes[d] == 0) {
      empty = true;
      continue;
    }
    last = core::checked_add(last,
                             core::checked_multiply(static_cast<std::uint64_t>(layout.sizes[d] - 1),
                                                    static_cast<std::uint64_t>(layout.strides[d]), where),
                             where);
  }
  if (!empty && last >= elements) throw Error(Error::BadInput, where + ": the tensor reaches beyond its record");
  return layout;
}

}  // namespace

Archive::Archive(const std::string& path) : path_(path), zip_(core::open_source(path)) {
  constexpr std::string_view kFolder = "/models/", kSuffix = ".json";
  for (const formats::ZipEntry& one : zip_.entries()) {
    const std::size_t folder = one.name.find(kFolder);
    if (folder == std::string::npos || !one.name.ends_with(kSuffix)) continue;
    if (!model_.empty()) throw Error(Error::BadInput, path_ + ": holds more than one model");
    root_ = one.name.substr(0, folder + 1);
    const std::size_t begin = folder + kFolder.size();
    model_ = one.name.substr(begin, one.name.size() - kSuffix.size() - begin);
  }
  if (model_.empty()) {
    throw Error(Error::BadInput, path_ + ": no exported program in it (torch.export.save of PyTorch 2.8 or later)");
  }
  check_format();
}

const formats::ZipEntry& Archive::entry(const std::string& record) const {
  const formats::ZipEntry* found = zip_.find(root_ + record);
  if (!found) throw Error(Error::BadInput, path_ + ": record " + record + " is missing");
  return *found;
}

core::Bytes Archive::read_text(const std::string& record) { return zip_.read(entry(record), kLargestText); }

void Archive::check_format() {
  const auto expect = [&](const std::string& record, std::string_view value) {
    const core::Bytes text = read_text(record);
    if (view(text) != value) {
      throw Error(Error::BadInput, path_ + ": record " + record + " is not '" + std::string(value) + "'");
    }
  };
  expect("archive_format", "pt2");
  expect("archive_version", "0");
  expect("byteorder", "little");
}

Graph Archive::graph() {
  const std::string record = "models/" + model_ + ".json";
  const core::Bytes text = read_text(record);
  return parse_graph(view(text), path_ + ": " + record);
}

std::map<std::string, at::Tensor> Archive::tensors() {
  std::map<std::string, at::Tensor> tensors;
  load("data/weights/", model_ + "_weights_config.json", tensors);
  load("data/constants/", model_ + "_constants_config.json", tensors);
  return tensors;
}

at::Tensor Archive::load_flat(const std::string& record, core::DType dtype) {
  const formats::ZipEntry& found = entry(record);
  const std::uint64_t element = core::size_of(dtype);
  if (found.bytes % element != 0) {
    throw Error(Error::BadInput, path_ + ": record " + record + " holds no whole number of elements");
  }
  // Booleans are read as bytes and compared, so that no other byte than 0 and 1 gets into a bool.
  const at::ScalarType stored = dtype == core::DType::Bool ? at::kByte : scalar_type(dtype);
  at::Tensor flat = at::empty({static_cast<std::int64_t>(found.bytes / element)}, stored);
  zip_.read(found, {static_cast<std::byte*>(flat.data_ptr()), static_cast<std::size_t>(found.bytes)});
  return dtype == core::DType::Bool ? flat.ne(0) : flat;
}

void Archive::load(const std::string& folder, const std::string& index, std::map<std::string, at::Tensor>& into) {
  const core::Bytes text = read_text(folder + index);
  std::map<std::tuple<std::string, core::DType>, at::Tensor> records;
  std::map<std::tuple<std::string, core::DType, bool, Layout>, at::Tensor> layouts;
  for (const Payload& payload : parse_payloads(view(text), path_ + ": " + folder + index)) {
    const std::string record = folder + payload.record;
    const std::string where = path_ + ": " + record + " (" + payload.qualified + ")";
    if (payload.pickled || !payload.meta) {
      throw Error(Error::BadInput, where + ": is a pickled object, which is never opened");
    }
    const auto dtype = element_type(payload.meta->scalar_type);
    if (!dtype) {
      throw Error(Error::BadInput,
                  where + ": element type " + std::to_string(payload.meta->scalar_type) + " is not supported");
    }
    at::Tensor& flat = records[{record, *dtype}];
    if (!flat.defined()) flat = load_flat(record, *dtype);
    const Layout layout = checked_layout(*payload.meta, static_cast<std::uint64_t>(flat.numel()), where);
    const bool trained = payload.meta->requires_grad && core::is_floating(*dtype);
    at::Tensor& tensor = layouts[{record, *dtype, trained, layout}];
    if (!tensor.defined()) {
      const at::NoGradGuard no_grad;
      tensor = at::empty({0}, flat.options()).set_(flat.storage(), layout.offset, layout.sizes, layout.strides);
      tensor.set_requires_grad(trained);
    }
    if (!into.emplace(payload.qualified, tensor).second) throw Error(Error::BadInput, where + ": is given twice");
  }
}

}  // namespace terse::train::exported
