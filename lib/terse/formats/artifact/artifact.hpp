#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/tensor.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/formats/container/kind.hpp"

namespace terse::formats {

/// What BEGIN says of a stream. No time, host or path: the same command gives the same bytes.
struct Header {
  Kind kind = Kind::Profile;
  int schema_major = 1, schema_minor = 0;
  std::string producer;                ///< program and version: "act-train 0.1.0"
  std::vector<std::string> arguments;  ///< the options that shaped the content, in a fixed order
  std::uint64_t seed = 0;
  std::vector<std::string> parents;  ///< digests of the artifacts this was made from

  bool operator==(const Header&) const = default;
};

/// What the read_* functions of the kinds return.
template <class T>
struct Loaded {
  Header header;
  std::string digest;  ///< as ArtifactWriter::finish() returned it: goes into Header::parents of what is made from it
  T content;
};

/// Writes an artifact: documents and tensors, each under a name, in the order of the calls. Layer over the
/// container (container.hpp): each item is one document or one tensor, split over as many CHUNK records as needed
/// (≤ 8 MiB raw each). Streams: needs memory for one record. Same content, same bytes.
class ArtifactWriter {
 public:
  ArtifactWriter(core::ByteSink& sink, const Header& header);
  ~ArtifactWriter();
  ArtifactWriter(const ArtifactWriter&) = delete;
  ArtifactWriter& operator=(const ArtifactWriter&) = delete;

  void document(std::string_view name, const Value& value);
  /// `data` holds info.bytes() bytes, row-major, little-endian.
  void tensor(const TensorInfo& info, std::span<const std::byte> data);
  void tensor(const TensorView& tensor) { this->tensor(tensor.info, tensor.data); }
  /// A long list of strings (a vocabulary) that would pass a document's limits: stored as offsets and UTF-8 bytes.
  void strings(std::string_view name, const std::vector<std::string>& values);
  /// Writes INDEX and END. Does not finish the sink. @return the artifact's digest (hash over all record headers)
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What an item is, known before its content is read.
struct ItemInfo {
  enum class Type { Document, Tensor, Strings } type = Type::Document;
  std::string name;
  TensorInfo tensor;               ///< for Tensor
  std::uint64_t raw_bytes = 0;     ///< size of the content
  std::uint64_t stored_bytes = 0;  ///< compressed size in the file, 0 where not known yet while streaming
};

/// Reads an artifact front to back from any source, or by name where the source is seekable. Every byte is
/// checked before it is used; nothing is allocated beyond what has been received.
/// @throws Error::BadInput naming source, record number and what is wrong; Error::OutOfMemory for an item over
/// Limits::memory whose content is asked for
class ArtifactReader {
 public:
  struct Limits {
    std::uint64_t memory = std::uint64_t{16} << 30;  ///< largest single item; a larger --max-memory raises it
  };

  explicit ArtifactReader(std::unique_ptr<core::ByteSource> source) : ArtifactReader(std::move(source), Limits{}) {}
  ArtifactReader(std::unique_ptr<core::ByteSource> source, Limits limits);
  ~ArtifactReader();
  ArtifactReader(ArtifactReader&&) noexcept;

  const Header& header() const;
  /// The same, but checked to be of `kind` and of a major schema version we read.
  /// @throws Error::BadInput naming both
  const Header& expect(Kind kind);

  /// Next item's description, or nullopt after the last (END has then been checked, and that nothing follows).
  std::optional<ItemInfo> next();
  // Content of the item that next() just described; without a call it is checked and skipped.
  Value document();
  Tensor tensor();
  std::vector<std::string> strings();

  /// All items from the index, in a few reads; next() then begins again with the first. Seekable sources only.
  /// @throws Error::Internal where the source cannot seek
  const std::vector<ItemInfo>& index();
  /// Moves so that the following next() describes the item `name`. Seekable sources only.
  /// @throws Error::BadInput where there is none
  void seek_to(std::string_view name);

  /// Digest as ArtifactWriter::finish() returned it; known after next() returned nullopt, or after index().
  const std::string& digest() const;
  const std::string& source_name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace terse::formats
