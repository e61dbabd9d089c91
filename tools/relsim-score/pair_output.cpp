#include "relsim-score/pair_output.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "common/groups.hpp"
#include "relsim-score/matrix_plot.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/core/tsv_reader.hpp"
#include "terse/relsim/ranking/pair_ranking.hpp"

namespace terse::tools::relsim_score {
namespace {

using relsim::RelationPair;

/// b and a in place of a and b.
RelationPair turned_about(RelationPair pair) {
  std::swap(pair.a, pair.b);
  std::swap(pair.kl_ab, pair.kl_ba);
  std::swap(pair.rank_ab, pair.rank_ba);
  return pair;
}

/// The pairs named in a file, in its order, each from the relation that it names first.
std::vector<RelationPair> select(const std::vector<RelationPair>& ranked, const formats::Similarity& similarity,
                                 const std::string& path) {
  std::map<std::pair<std::string_view, std::string_view>, const RelationPair*> by_names;
  for (const auto& pair : ranked) {
    const std::string_view a = similarity.relations[static_cast<std::size_t>(pair.a)];
    const std::string_view b = similarity.relations[static_cast<std::size_t>(pair.b)];
    by_names[{a, b}] = by_names[{b, a}] = &pair;
  }
  std::vector<RelationPair> selected;
  core::TsvReader reader(core::open_source(path));
  std::vector<std::string_view> fields;
  while (reader.next(fields)) {
    if (fields.size() < 2) throw reader.error("expected two relations separated by a tab");
    const auto found = by_names.find({fields[0], fields[1]});
    if (found == by_names.end()) {
      throw reader.error("no such pair of relations: '" + std::string(fields[0]) + "' and '" + std::string(fields[1]) +
                         "'");
    }
    const auto& pair = *found->second;
    const bool as_named = similarity.relations[static_cast<std::size_t>(pair.a)] == fields[0];
    selected.push_back(as_named ? pair : turned_about(pair));
  }
  return selected;
}

void print(const formats::Similarity& similarity, const SharedOptions& shared, const std::vector<RelationPair>& pairs,
           std::size_t count) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"relation_a"},
                           {"relation_b"},
                           {"orientation"},
                           {"kl_ab", 4},
                           {"kl_ba", 4},
                           {"divergence", 4},
                           {"score", 4},
                           {"rank_ab"},
                           {"rank_ba"},
                           {"facts_a"},
                           {"facts_b"},
                           {"thin"},
                           {"error_ab", 3},
                           {"error_ba", 3},
                           {"spread_ab", 3},
                           {"spread_ba", 3}});
  const auto relations = similarity.relations.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& pair = pairs[i];
    const auto a = static_cast<std::size_t>(pair.a), b = static_cast<std::size_t>(pair.b);
    const bool same = pair.orientation == relsim::Orientation::Same;
    const auto rank = [](std::int64_t rank) { return rank > 0 ? core::Cell(rank) : core::Cell(); };
    const auto error = [&](std::size_t from, std::size_t to) {
      const auto& errors = same ? similarity.divergence_error : similarity.swapped_error;
      return errors.empty() ? 0.0 : errors[from * relations + to];
    };
    const auto spread = [&](std::size_t from, std::size_t to) {
      const auto& spreads = same ? similarity.divergence_spread : similarity.swapped_spread;
      return spreads.empty() ? core::Cell() : core::Cell(spreads[from * relations + to]);
    };
    const bool thin = !similarity.thin.empty() && (similarity.thin[a] || similarity.thin[b]);
    table.row({similarity.relations[a], similarity.relations[b], std::string(relsim::to_string(pair.orientation)),
               pair.kl_ab, pair.kl_ba, pair.divergence, pair.score, rank(pair.rank_ab), rank(pair.rank_ba),
               similarity.counts[a], similarity.counts[b], thin, error(a, b), error(b, a), spread(a, b), spread(b, a)});
  }
  table.finish();
  sink->finish();
}

}  // namespace

void define_pair_output(CLI::App& command, SharedOptions& shared, PairOutput& output, std::string& artifact) {
  add_heading(command, kOutputGroup);
  add_file(command, "-o,--output", artifact,
           "Write a similarity artifact to FILE, - is standard output; the table is then printed only with --top, "
           "--pairs or --json");
  add_json(command, shared);
  command.add_option("--top", output.top, "Print only the N nearest pairs")->type_name("N");
  add_file(
      command, "--pairs", output.pairs,
      "Print only the pairs in FILE, one relation<TAB>relation per line, in its order; the relation named first is "
      "relation_a");
  add_file(command, "--plot", output.plot,
           "Draw the matrix of divergences as SVG, relations in the order of their clusters (needs gnuplot)");
}

bool wants_table(const SharedOptions& shared, const PairOutput& output, const std::string& artifact) {
  const bool nothing_else = artifact.empty() && output.plot.empty();
  const bool print = nothing_else || output.top || !output.pairs.empty() || shared.json;
  if (print && artifact == "-") {
    throw Error(Error::Usage, "the table and the artifact cannot both go to standard output");
  }
  return print;
}

void show_pairs(const SharedOptions& shared, const PairOutput& output, const formats::Similarity& similarity,
                bool print_table) {
  if (!output.plot.empty()) plot_matrix(similarity, output.plot);
  if (!print_table) return;
  auto pairs = relsim::rank_pairs(similarity);
  if (!output.pairs.empty()) pairs = select(pairs, similarity, output.pairs);
  print(similarity, shared, pairs, std::min(pairs.size(), output.top.value_or(pairs.size())));
}

}  // namespace terse::tools::relsim_score
