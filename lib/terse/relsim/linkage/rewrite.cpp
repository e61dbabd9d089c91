#include "terse/relsim/linkage/rewrite.hpp"

#include <string>
#include <unordered_set>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"
#include "terse/relsim/kb/triple_reader.hpp"

namespace terse::relsim {
namespace {

/// As tables write a name.
std::string on_one_line(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (c == '\t')
      text += "\\t";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else
      text += c;
  }
  return text;
}

}  // namespace

class TripleRewriter::Work {
 public:
  Work(const formats::Clusters& clusters, core::ByteSink& sink, bool keep_repeated)
      : clusters_(clusters), sink_(sink), keep_repeated_(keep_repeated), known_(clusters.relations) {}

  /// @param fields  head, relation, tail and what else is to be copied
  void rewrite(std::vector<std::string_view>& fields) {
    ++counts.facts;
    if (const auto relation = known_.find(fields[1])) {
      const auto at = static_cast<std::size_t>(*relation);
      const auto representative = clusters_.representatives[static_cast<std::size_t>(clusters_.cluster[at])];
      if (representative != *relation) {
        ++counts.renamed;
        fields[1] = known_.name(representative);
        if (clusters_.swapped[at]) {
          ++counts.turned;
          std::swap(fields[0], fields[2]);
        }
      }
    } else {
      ++counts.unknown;
    }
    if (!keep_repeated_) {
      const Triple fact{entities_.intern(fields[0]), relations_.intern(fields[1]), entities_.intern(fields[2])};
      if (!written_.insert(fact).second) {
        ++counts.repeated;
        return;
      }
    }
    line_.clear();
    for (std::size_t i = 0; i < fields.size(); ++i) line_.append(i ? "\t" : "").append(fields[i]);
    line_ += '\n';
    core::write_text(sink_, line_);
  }

  RewriteCounts counts;

 private:
  const formats::Clusters& clusters_;
  core::ByteSink& sink_;
  bool keep_repeated_;
  Vocabulary known_, entities_, relations_;
  struct TripleHash {
    std::size_t operator()(const Triple& t) const {
      // Mixing by multiplication (Knuth): ids are dense, so the low bits need spreading.
      auto h =
          static_cast<std::uint64_t>(static_cast<std::uint32_t>(t.head)) << 32 | static_cast<std::uint32_t>(t.tail);
      h = (h ^ static_cast<std::uint64_t>(t.relation) * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
      return static_cast<std::size_t>(h ^ h >> 32);
    }
  };

  std::unordered_set<Triple, TripleHash> written_;
  std::string line_;
};

TripleRewriter::TripleRewriter(const formats::Clusters& clusters, core::ByteSink& sink, bool keep_repeated)
    : work_(std::make_unique<Work>(clusters, sink, keep_repeated)) {}
TripleRewriter::~TripleRewriter() = default;

const RewriteCounts& TripleRewriter::counts() const { return work_->counts; }

void TripleRewriter::rewrite(core::TsvReader& reader) {
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    require_triple(reader, fields);
    work_->rewrite(fields);
  }
}

void TripleRewriter::rewrite(const std::string& input) {
  if (is_tsv(input)) {
    core::TsvReader reader(core::open_source(input));
    return rewrite(reader);
  }
  KnowledgeBase kb;
  read_input(input, kb);
  for (const auto& t : kb.triples) {
    const auto head = on_one_line(kb.entities.name(t.head)), tail = on_one_line(kb.entities.name(t.tail));
    std::vector<std::string_view> fields{head, kb.relations.name(t.relation), tail};
    work_->rewrite(fields);
  }
}

}  // namespace terse::relsim
