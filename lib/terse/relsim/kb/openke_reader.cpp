#include "terse/relsim/kb/openke_reader.hpp"

#include <charconv>
#include <filesystem>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/tsv_reader.hpp"

namespace terse::relsim {
namespace {

std::int64_t parse(const core::LineReader& reader, std::string_view text, std::int64_t limit) {
  std::int64_t value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0 || value >= limit) {
    throw reader.error("'" + std::string(text) + "' is no number from 0 to " + std::to_string(limit - 1));
  }
  return value;
}

constexpr std::int64_t kLargestId = std::int64_t{1} << 40;

/// What lies between blanks and tabs.
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  for (std::size_t begin = 0; (begin = line.find_first_not_of(" \t", begin)) != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(" \t", begin), line.size());
    result.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return result;
}

/// Reads a file that begins with how many lines follow, and hands each of them on. Empty lines do not count.
void read_counted(std::unique_ptr<core::ByteSource> source,
                  const std::function<void(const core::LineReader& reader, std::string_view line)>& on_line) {
  core::LineReader reader(std::move(source));
  std::string_view line;
  std::int64_t expected = -1, found = 0;
  while (reader.next(line)) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (expected < 0) {
      const auto first = words(line);
      expected = parse(reader, first.front(), std::int64_t{1} << 40);
      continue;
    }
    if (found == expected)
      throw reader.error("more lines than the " + std::to_string(expected) + " that the first one says");
    on_line(reader, line);
    ++found;
  }
  if (found != expected) {
    throw Error(Error::BadInput, reader.name() + ": holds " + std::to_string(found) +
                                     (found == 1 ? " line, not " : " lines, not ") +
                                     std::to_string(std::max<std::int64_t>(expected, 0)) + " as its first one says");
  }
}

/// Ids in the vocabulary by ids in the file, which may be any numbers.
using Ids = std::unordered_map<std::int64_t, std::int32_t>;

/// A name may hold blanks: its id comes last.
Ids read_names(std::unique_ptr<core::ByteSource> source, Vocabulary& vocabulary) {
  Ids ids;
  read_counted(std::move(source), [&](const core::LineReader& reader, std::string_view line) {
    const auto last = line.find_last_not_of(" \t");
    const auto split = line.find_last_of(" \t", last);
    const auto end = split == std::string_view::npos ? split : line.find_last_not_of(" \t", split);
    if (end == std::string_view::npos) throw reader.error("expected a name and its id");
    const std::int64_t id = parse(reader, line.substr(split + 1, last - split), kLargestId);
    if (!ids.emplace(id, vocabulary.intern(line.substr(0, end + 1))).second) {
      throw reader.error("id " + std::to_string(id) + " comes twice");
    }
  });
  return ids;
}

}  // namespace

void read_openke(OpenKeSources sources, KnowledgeBase& kb) {
  const auto entities = read_names(std::move(sources.entities), kb.entities);
  const auto relations = read_names(std::move(sources.relations), kb.relations);
  read_counted(std::move(sources.facts), [&](const core::LineReader& reader, std::string_view line) {
    const auto fields = words(line);
    if (fields.size() != 3) throw reader.error("expected the ids of head, tail and relation");
    const auto lookup = [&](std::string_view field, const Ids& ids) {
      const auto found = ids.find(parse(reader, field, kLargestId));
      if (found == ids.end()) throw reader.error("id " + std::string(field) + " has no name");
      return found->second;
    };
    const auto head = lookup(fields[0], entities), tail = lookup(fields[1], entities);
    kb.triples.push_back({head, lookup(fields[2], relations), tail});
  });
}

void read_openke(const std::string& path, KnowledgeBase& kb) {
  if (!std::filesystem::exists(path)) throw Error(Error::NoInput, "openke:" + path + ": no such file or folder");
  const bool is_folder = std::filesystem::is_directory(path);
  const std::filesystem::path facts =
      is_folder ? std::filesystem::path(path) / "train2id.txt" : std::filesystem::path(path);
  const auto open = [&](const char* name) { return core::open_source((facts.parent_path() / name).string()); };
  read_openke({open("entity2id.txt"), open("relation2id.txt"), core::open_source(facts.string())}, kb);
}

}  // namespace terse::relsim
