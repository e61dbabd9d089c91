#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "terse/core/error.hpp"
#include "terse/core/tsv_reader.hpp"
#include "terse/train/data/digest.hpp"
#include "terse/train/data/readers.hpp"

namespace terse::train {

namespace {

constexpr std::int64_t kPadding = 0, kUnknown = 1;

struct Sentence {
  std::vector<std::string> words = {};
  std::string label = {};
  std::uint64_t line = 0;
};

std::vector<Sentence> read_sentences(const std::string& path, std::size_t longest, ContentDigest& digest) {
  core::TsvReader reader(core::open_source(path));
  std::vector<Sentence> sentences;
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() != 2) {
      throw reader.error("expected sentence<TAB>label, found " + std::to_string(fields.size()) + " fields");
    }
    Sentence sentence{.label = std::string(fields[1]), .line = reader.line_number()};
    std::string_view rest = fields[0];
    while (sentence.words.size() < longest) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      if (rest.empty()) break;
      const auto end = std::min(rest.find(' '), rest.size());
      sentence.words.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    if (sentence.words.empty()) throw reader.error("empty sentence");
    if (sentence.label.empty()) throw reader.error("empty label");
    digest.add(fields[0]);
    digest.add(fields[1]);
    sentences.push_back(std::move(sentence));
  }
  if (sentences.empty()) throw Error(Error::BadInput, path + ": no sentences");
  return sentences;
}

// By falling frequency, ties by the word, so that the same file gives the same ids.
std::vector<std::string> build_vocabulary(const std::vector<Sentence>& sentences, std::size_t most) {
  std::unordered_map<std::string, std::uint64_t> counts;
  for (const auto& sentence : sentences) {
    for (const auto& word : sentence.words) ++counts[word];
  }
  std::vector<std::pair<std::string, std::uint64_t>> ranked(counts.begin(), counts.end());
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<std::string> vocabulary{"<pad>", "<unknown>"};
  for (const auto& [word, count] : ranked) {
    if (vocabulary.size() >= most) break;
    vocabulary.push_back(word);
  }
  return vocabulary;
}

// Class names in order: by value where all are integers, else by bytes.
std::vector<std::string> class_names(const std::vector<Sentence>& sentences) {
  std::map<std::string, std::int64_t> values;
  bool integers = true;
  for (const auto& sentence : sentences) {
    auto& value = values[sentence.label];
    const auto* const end = sentence.label.data() + sentence.label.size();
    const auto [next, status] = std::from_chars(sentence.label.data(), end, value);
    integers = integers && status == std::errc{} && next == end;
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  if (integers) {
    std::stable_sort(names.begin(), names.end(), [&](auto& a, auto& b) { return values[a] < values[b]; });
  }
  return names;
}

class TextDataSet : public DataSet {
 public:
  TextDataSet(std::vector<std::vector<std::int64_t>> sentences, std::vector<std::int64_t> labels)
      : sentences_(std::move(sentences)), labels_(std::move(labels)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }

  Batch batch(std::span<const std::int64_t> examples) const override {
    std::size_t longest = 0;
    for (const auto i : examples) longest = std::max(longest, sentences_[i].size());
    const auto rows = static_cast<std::int64_t>(examples.size());
    const auto tokens = at::full({rows, static_cast<std::int64_t>(longest)}, kPadding, at::kLong);
    const auto labels = at::empty({rows}, at::kLong);
    auto* row = tokens.mutable_data_ptr<std::int64_t>();
    auto* label = labels.mutable_data_ptr<std::int64_t>();
    for (const auto i : examples) {
      std::copy(sentences_[i].begin(), sentences_[i].end(), row);
      row += longest;
      *label++ = labels_[i];
    }
    return {{tokens}, labels};
  }

  std::optional<std::int64_t> largest() const override {
    const auto longest = std::max_element(sentences_.begin(), sentences_.end(),
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return longest - sentences_.begin();
  }

 private:
  std::vector<std::vector<std::int64_t>> sentences_;
  std::vector<std::int64_t> labels_;
};

using Ids = std::unordered_map<std::string, std::int64_t>;

std::unique_ptr<DataSet> to_ids(const std::vector<Sentence>& sentences, const Ids& words, const Ids& classes,
                                const std::string& path) {
  std::vector<std::vector<std::int64_t>> rows;
  std::vector<std::int64_t> labels;
  for (const auto& sentence : sentences) {
    const auto label = classes.find(sentence.label);
    if (label == classes.end()) {
      throw Error(Error::BadInput, path + ":" + std::to_string(sentence.line) + ": label '" + sentence.label +
                                       "' does not occur in the training file");
    }
    labels.push_back(label->second);
    auto& row = rows.emplace_back();
    for (const auto& word : sentence.words) {
      const auto found = words.find(word);
      row.push_back(found == words.end() ? kUnknown : found->second);
    }
  }
  return std::make_unique<TextDataSet>(std::move(rows), std::move(labels));
}

Ids numbered(const std::vector<std::string>& names) {
  Ids ids;
  for (std::size_t i = 0; i < names.size(); ++i) ids.emplace(names[i], i);
  return ids;
}

}  // namespace

Data read_text(SpecReader& spec, const std::string& file) {
  const auto dev = spec.text("dev", "");
  const auto most = spec.integer("vocabulary", 30'000, 3);
  const auto length = spec.integer("length", 64);
  spec.finish(/*takes_argument=*/true);
  ContentDigest digest;
  const auto sentences = read_sentences(file, static_cast<std::size_t>(length), digest);
  Data data;
  data.vocabulary = build_vocabulary(sentences, static_cast<std::size_t>(most));
  data.classes = class_names(sentences);
  if (data.classes.size() < 2) throw Error(Error::BadInput, file + ": all sentences have the same label");
  data.shape = {.kind = DataShape::Kind::Tokens,
                .classes = static_cast<std::int64_t>(data.classes.size()),
                .extents = {length},
                .vocabulary = static_cast<std::int64_t>(data.vocabulary.size())};
  data.inputs["length"] = length;
  const auto words = numbered(data.vocabulary), classes = numbered(data.classes);
  data.train = to_ids(sentences, words, classes, file);
  if (!dev.empty()) {
    data.evaluation = to_ids(read_sentences(dev, static_cast<std::size_t>(length), digest), words, classes, dev);
  }
  data.digest = digest.finish();
  return data;
}

}  // namespace terse::train
