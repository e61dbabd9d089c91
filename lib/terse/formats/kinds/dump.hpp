#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"
#include "terse/quant/layout/layout.hpp"

namespace terse::formats {

/// One saved tensor of one training step, as a dump describes it (dump.md).
struct DumpEntry {
  std::uint64_t step = 0;
  std::string id;    ///< stable over steps: "layer1.0/relu_#1:result"
  std::string op;    ///< operator that saved it: "aten::relu"
  std::string role;  ///< "input", "result", …
  core::DType dtype = core::DType::Float32;
  std::vector<std::int64_t> shape;
  std::string reason;  ///< what became of it: "quantized", "mask", "shared", …
  /// How payload and metadata hold the elements. A dump stores what decoding needs: a reader finds dtype and count as
  /// those above and the strides say, and the fields that serve encoding only at their defaults.
  quant::Layout layout;
  /// Element (i, j, …) is encoded element i*strides[0] + j*strides[1] + …; empty: row by row.
  std::vector<std::int64_t> strides = {};
  std::uint64_t exact_bytes = 0;  ///< what keeping the tensor would hold alive
  std::uint64_t stored_bytes = 0;
  double minimum = 0, maximum = 0;  ///< of the finite elements
  std::uint64_t zeros = 0;          ///< elements that are 0
  std::uint64_t non_finite = 0;     ///< elements that are NaN or infinite
  std::string shared_with;          ///< id of the saved tensor that holds the same bytes, where reason is "shared"

  bool operator==(const DumpEntry&) const = default;
};

/// Writes a dump while training runs: memory for one record and the index, any sink, pipes included.
class DumpWriter {
 public:
  /// @param run  a document about the run: model, data, level, batch … (for people and act-inspect)
  DumpWriter(core::ByteSink& sink, Header header, const Value& run);
  ~DumpWriter();

  /// @param payload, metadata  the encoded bytes; both empty where the tensor was kept, shared or belongs to the model
  /// @param exact  the elements as saved, row-major: shape's product times the dtype's size, or empty where not kept
  /// @throws Error::Internal where `exact` has another size
  void add(const DumpEntry& entry, std::span<const std::byte> payload, std::span<const std::byte> metadata,
           std::span<const std::byte> exact = {});
  /// Writes the end. Does not finish the sink. @return the artifact's digest
  std::string finish();

 private:
  ArtifactWriter writer_;
  std::uint64_t entries_ = 0;
};

/// Reads a dump front to back, one tensor in memory at a time.
class DumpReader {
 public:
  /// @throws Error::BadInput where the source is not a sound dump artifact
  explicit DumpReader(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});
  ~DumpReader();

  const Header& header() const { return reader_.header(); }
  const Value& run() const { return run_; }

  /// Next saved tensor, or nullopt after the last (the whole stream has then been checked).
  std::optional<DumpEntry> next();
  /// Content of the tensor that next() described, read on first use, valid until the next call of next().
  const core::Bytes& payload();
  const core::Bytes& metadata();
  bool has_exact();
  const core::Bytes& exact();  ///< empty where not kept

  /// All entries by the index, without reading what they hold. next() then begins again with the first.
  /// Seekable sources only.
  std::vector<DumpEntry> list();
  /// Makes next() describe entry `entry` (0 for the first in the dump). Seekable sources only.
  /// @throws Error::BadInput where there is none
  void seek(std::uint64_t entry);

  /// Known after next() returned nullopt.
  const std::string& digest() const { return reader_.digest(); }

 private:
  void load();
  ArtifactReader reader_;
  Value run_;
  std::optional<ItemInfo> pending_;  // the item after the ones taken, which belongs to the next entry
  std::string name_;                 // of the current entry's item
  DumpEntry entry_;
  bool loaded_ = true, has_exact_ = false;
  core::Bytes payload_, metadata_, exact_;
};

}  // namespace terse::formats
