#include "act-inspect/input.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "terse/core/error.hpp"

namespace terse::tools::act_inspect {
namespace {

// Passes bytes on and keeps a copy of them.
class RecordingSource : public core::ByteSource {
 public:
  RecordingSource(core::ByteSource& from, core::Bytes& copy) : ByteSource(from.name()), from_(from), copy_(copy) {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = from_.read(into);
    copy_.insert(copy_.end(), into.begin(), into.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

 private:
  core::ByteSource& from_;
  core::Bytes& copy_;
};

// The copied bytes, then the rest of the source.
class ReplayedSource : public core::ByteSource {
 public:
  ReplayedSource(core::Bytes copy, std::unique_ptr<core::ByteSource> rest)
      : ByteSource(rest->name()), copy_(std::move(copy)), rest_(std::move(rest)) {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t copied = std::min(into.size(), copy_.size() - at_);
    std::memcpy(into.data(), copy_.data() + at_, copied);
    at_ += copied;
    return copied == into.size() ? copied : copied + rest_->read(into.subspan(copied));
  }

 private:
  core::Bytes copy_;
  std::size_t at_ = 0;
  std::unique_ptr<core::ByteSource> rest_;
};

// Memory that the source owns.
class OwnedSource : public core::ByteSource {
 public:
  OwnedSource(core::Bytes bytes, const std::string& name)
      : ByteSource(name), bytes_(std::move(bytes)), view_(core::memory_source(bytes_, name)) {}
  std::size_t read(std::span<std::byte> into) override { return view_->read(into); }
  std::optional<std::uint64_t> size() const override { return view_->size(); }
  void seek(std::uint64_t offset) override { view_->seek(offset); }

 private:
  core::Bytes bytes_;
  std::unique_ptr<core::ByteSource> view_;
};

class BorrowedSource : public core::ByteSource {
 public:
  explicit BorrowedSource(core::ByteSource& owned) : ByteSource(owned.name()), owned_(owned) {}
  std::size_t read(std::span<std::byte> into) override { return owned_.read(into); }
  std::optional<std::uint64_t> size() const override { return owned_.size(); }
  void seek(std::uint64_t offset) override { owned_.seek(offset); }

 private:
  core::ByteSource& owned_;
};

}  // namespace

Input open_input(const std::string& path) {
  if (path == "-" && isatty(STDIN_FILENO) == 1) {
    throw Error(Error::Usage, "standard input is a terminal: name an artifact, or send one through a pipe");
  }
  auto source = core::open_source(path);
  Input input;
  input.seekable = source->size().has_value();
  core::Bytes copy;
  input.header = formats::ArtifactReader(std::make_unique<RecordingSource>(*source, copy)).header();
  if (input.seekable) {
    source->seek(0);
    input.source = std::move(source);
  } else {
    input.source = std::make_unique<ReplayedSource>(std::move(copy), std::move(source));
  }
  return input;
}

std::unique_ptr<core::ByteSource> borrow(core::ByteSource& source) {
  if (source.size()) source.seek(0);
  return std::make_unique<BorrowedSource>(source);
}

void make_seekable(Input& input) {
  if (input.seekable) return;
  core::Bytes bytes = core::read_all(*input.source, std::numeric_limits<std::uint64_t>::max());
  input.source = std::make_unique<OwnedSource>(std::move(bytes), input.source->name());
  input.seekable = true;
}

std::string for_each_item(formats::ArtifactReader& reader,
                          const std::function<void(formats::ArtifactReader&, const formats::ItemInfo&)>& visit) {
  while (const auto item = reader.next()) visit(reader, *item);
  return reader.digest();
}

Outline outline_of(Input& input) {
  formats::ArtifactReader reader(borrow(*input.source));
  Outline outline;
  if (!input.seekable) {
    outline.digest = for_each_item(reader, [&](formats::ArtifactReader& at, const formats::ItemInfo& item) {
      outline.items.push_back(item);
      if (item.type == formats::ItemInfo::Type::Document) outline.documents[item.name] = at.document();
    });
    return outline;
  }
  outline.items = reader.index();
  for (const auto& item : outline.items) {
    if (item.type != formats::ItemInfo::Type::Document) continue;
    reader.seek_to(item.name);
    if (reader.next()) outline.documents[item.name] = reader.document();
  }
  outline.digest = reader.digest();
  return outline;
}

}  // namespace terse::tools::act_inspect
