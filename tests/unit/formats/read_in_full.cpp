#include <algorithm>

#include "samples.hpp"

namespace terse::formats::test {
namespace {

void read_dump(std::unique_ptr<core::ByteSource> source) {
  DumpReader reader(std::move(source));
  while (reader.next()) {
    reader.payload();
    reader.metadata();
    reader.exact();
  }
}

/// Passes on what was read already, then the rest.
class ResumedSource : public core::ByteSource {
 public:
  ResumedSource(core::Bytes head, std::unique_ptr<core::ByteSource> rest)
      : ByteSource(rest->name()), head_(std::move(head)), rest_(std::move(rest)) {}

  std::size_t read(std::span<std::byte> into) override {
    const std::size_t from_head = std::min(into.size(), head_.size() - used_);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(used_), from_head, into.begin());
    used_ += from_head;
    return from_head + (from_head < into.size() ? rest_->read(into.subspan(from_head)) : 0);
  }

 private:
  core::Bytes head_;
  std::size_t used_ = 0;
  std::unique_ptr<core::ByteSource> rest_;
};

}  // namespace

void read_in_full(std::unique_ptr<core::ByteSource> source) {
  // The kind byte of the first record header says which reader to take; a wrong one must be refused by that
  // reader.
  core::Bytes head(64);
  head.resize(source->read(head));
  const int kind = head.size() > 44 ? std::to_integer<int>(head[44]) - 1 : 0;
  auto whole = std::make_unique<ResumedSource>(std::move(head), std::move(source));
  switch (static_cast<Kind>(kind)) {
    case Kind::Model:
      read_model(std::move(whole));
      break;
    case Kind::Checkpoint:
      read_checkpoint(std::move(whole));
      break;
    case Kind::Dump:
      read_dump(std::move(whole));
      break;
    case Kind::Facts:
      read_facts(std::move(whole));
      break;
    case Kind::Similarity:
      read_similarity(std::move(whole));
      break;
    case Kind::Policy:
      read_policy(std::move(whole));
      break;
    case Kind::Clusters:
      read_clusters(std::move(whole));
      break;
    default:
      read_profile(std::move(whole));
      break;
  }
}

void read_in_full(std::span<const std::byte> bytes) { read_in_full(core::memory_source(bytes, "sample")); }

}  // namespace terse::formats::test
