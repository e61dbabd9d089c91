#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/formats/container/record.hpp"

namespace terse::formats::test {

// Takes streams apart and puts them together again, so that tests can damage them where no checksum notices.

struct RawRecord {
  RecordHeader header;
  core::Bytes frame;

  core::Bytes raw() const;
  void set_raw(std::span<const std::byte> raw);  ///< sets frame and the header's lengths
};

struct RawStream {
  std::vector<RawRecord> records;  ///< all but END
  EndRecord end;
};

RawStream take_apart(std::span<const std::byte> bytes);

/// Writes records and END just as they are, header checksums right.
core::Bytes put_together(const RawStream& stream);

/// Makes sequence numbers, checksums and END right for the records, as one who forges a stream would.
void make_consistent(RawStream& stream);

/// The first CHUNK whose item descriptor names `item`. @throws Error::Internal where there is none
RawRecord& record_of(RawStream& stream, std::string_view item);

/// Replaces the descriptor of `record`'s item.
void edit_descriptor(RawRecord& record, const std::function<void(Value&)>& edit);

/// Replaces the content of `record`'s item, leaving the descriptor as it is.
void edit_content(RawRecord& record, const std::function<void(core::Bytes&)>& edit);

}  // namespace terse::formats::test
