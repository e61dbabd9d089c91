#include "terse/relsim/redundancy/rewrite.hpp"

#include <string>
#include <unordered_set>
#include <vector>

#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {
namespace {

struct TripleHash {
  std::size_t operator()(const Triple& t) const {
    // Mixing by multiplication (Knuth): ids are dense, so the low bits need spreading.
    auto h = static_cast<std::uint64_t>(static_cast<std::uint32_t>(t.head)) << 32 | static_cast<std::uint32_t>(t.tail);
    h = (h ^ static_cast<std::uint64_t>(t.relation) * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    return static_cast<std::size_t>(h ^ h >> 32);
  }
};

}  // namespace

RewriteCounts rewrite_triples(core::TsvReader& reader, const formats::Clusters& clusters, core::ByteSink& sink,
                              bool keep_repeated) {
  const Vocabulary known(clusters.relations);
  Vocabulary entities, relations;
  std::unordered_set<Triple, TripleHash> written;
  RewriteCounts counts;
  std::vector<std::string_view> fields;
  std::string line;
  while (reader.next(fields)) {
    if (fields.size() < 3) throw reader.error("expected head, relation and tail separated by tabs");
    ++counts.facts;
    if (const auto relation = known.find(fields[1])) {
      const auto at = static_cast<std::size_t>(*relation);
      const auto representative = clusters.representatives[static_cast<std::size_t>(clusters.cluster[at])];
      if (representative != *relation) {
        ++counts.renamed;
        fields[1] = known.name(representative);
        if (clusters.swapped[at]) {
          ++counts.turned;
          std::swap(fields[0], fields[2]);
        }
      }
    } else {
      ++counts.unknown;
    }
    if (!keep_repeated) {
      const Triple fact{entities.intern(fields[0]), relations.intern(fields[1]), entities.intern(fields[2])};
      if (!written.insert(fact).second) {
        ++counts.repeated;
        continue;
      }
    }
    line.clear();
    for (std::size_t i = 0; i < fields.size(); ++i) line.append(i ? "\t" : "").append(fields[i]);
    line += '\n';
    core::write_text(sink, line);
  }
  return counts;
}

}  // namespace terse::relsim
