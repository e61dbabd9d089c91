#include "relsim-dedup/evidence_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "common/messages.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/evidence/explain.hpp"
#include "terse/relsim/kb/vocabulary.hpp"
#include "terse/relsim/ranking/far_end.hpp"

namespace terse::tools {
namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

/// What a node of the tree of merges is made of: relations, each turned against the node or not.
using Members = std::vector<std::pair<std::int32_t, bool>>;

std::string in_words(const relsim::Evidence& evidence, const Members& a, const Members& b, bool swapped) {
  std::vector<std::pair<double, std::string>> parts;
  for (const auto& part : evidence.parts) {
    double sum = 0;
    for (const auto& [x, x_turned] : a) {
      for (const auto& [y, y_turned] : b) {
        const bool turned = (x_turned != y_turned) != swapped;
        sum += static_cast<double>(part.ratio[turned][at(x) * evidence.relations + at(y)]);
      }
    }
    parts.emplace_back(sum / static_cast<double>(a.size() * b.size()), part.name);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
  std::string words = swapped ? "inverse" : "";
  constexpr double kSpeaks = 0.5;  // log ratio below which a part says nothing
  for (const auto& [ratio, name] : parts) {
    if (ratio < kSpeaks) break;
    char text[64];
    std::snprintf(text, sizeof text, " %+.1f", ratio);
    words += (words.empty() ? "" : words == "inverse" ? ": " : ", ") + name + text;
  }
  return words;
}

std::int32_t relation_called(const formats::Similarity& similarity, const std::string& name) {
  const auto found = std::find(similarity.relations.begin(), similarity.relations.end(), name);
  if (found == similarity.relations.end()) throw Error(Error::Usage, "--explain: there is no relation '" + name + "'");
  return static_cast<std::int32_t>(found - similarity.relations.begin());
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

bool is_thin(const formats::Similarity& similarity, std::int32_t relation) {
  return !similarity.thin.empty() && similarity.thin[at(relation)];
}

/// What keeps relations apart whatever their chance: "'a' has 2 facts, fewer than 5"; "" where nothing does.
std::string thinness(const formats::Similarity& similarity, std::int32_t a, std::int32_t b) {
  const auto* least = similarity.details.find("least_facts");
  std::string words;
  for (const auto relation : a == b ? std::vector{a} : std::vector{a, b}) {
    if (!is_thin(similarity, relation)) continue;
    words += (words.empty() ? "'" : " and '") + similarity.relations[at(relation)] + "' has " +
             plural(static_cast<std::uint64_t>(similarity.counts[at(relation)]), "fact", "facts");
  }
  if (!words.empty())
    words += least && least->is_integer() ? ", fewer than " + std::to_string(least->as_integer()) : ", too few";
  return words;
}

/// What would become of two relations with such chances, limited by either end of the divergence's interval or not at
/// all.
std::string verdict(const std::string& thin, double chance, double as_estimated, double by_facts, double threshold,
                    const DedupOptions& options) {
  if (!thin.empty() && !options.merge_thin) return "not merged: " + thin + " (--merge-thin)";
  const double needed = std::exp(-threshold);
  if (chance >= needed) return "merged, unless what else they are merged with speaks against it";
  const auto needs = "not merged: it would have to be " + percent(needed);
  if (as_estimated >= needed) {
    return needs + ", as it would be were it not for the interval of the divergence, which is too wide: " +
           percent(as_estimated);
  }
  if (by_facts >= needed) {
    return needs + ", as it would be by the facts alone (" + percent(by_facts) +
           "), but the model has too many other relations as close";
  }
  return needs;
}

bool only_counts(const formats::Facts& facts) {
  const auto* model = facts.hyperparameters.find("model");
  return model && model->is_string() && model->as_string() == "counts";
}

}  // namespace

LoadedFacts load_facts(const DedupOptions& options) {
  auto read = formats::read_facts(core::open_source(options.facts));
  LoadedFacts loaded{std::move(read.digest), read.header.seed, std::move(read.content), {}};
  const auto& ids = loaded.facts.triples;
  if (ids.empty()) throw Error(Error::BadInput, options.facts + ": holds no triples");
  for (std::size_t i = 0; i + 2 < ids.size(); i += 3) loaded.triples.push_back({ids[i], ids[i + 1], ids[i + 2]});
  return loaded;
}

LoadedFacts load_facts(const formats::Similarity& similarity, const DedupOptions& options) {
  auto loaded = load_facts(options);
  if (loaded.facts.relations != similarity.relations) {
    throw Error(Error::BadInput, options.facts + ": its relations are not those of the similarity");
  }
  return loaded;
}

WeighedFacts weigh_facts(const formats::Similarity& similarity, const DedupOptions& options) {
  WeighedFacts weighed{load_facts(similarity, options), {}};
  relsim::EvidenceOptions how;
  how.names = options.names;
  how.entity_names = weighed.facts.entities;
  // Mere counts tell nothing that the evidence does not know from the facts themselves.
  const bool is_divergence = std::ranges::count(std::array{"exact", "adaptive", "sample"}, similarity.method) > 0;
  if (is_divergence && (relsim::has_intervals(similarity) || !only_counts(weighed.facts)))
    how.divergences = &similarity;
  weighed.evidence = relsim::weigh_evidence(weighed.triples, static_cast<std::int32_t>(weighed.facts.entities.size()),
                                            similarity.relations, how);
  return weighed;
}

void give_reasons(formats::Clusters& clusters, const relsim::Evidence& evidence) {
  std::vector<Members> nodes;
  for (std::size_t r = 0; r < clusters.relations.size(); ++r) nodes.push_back({{static_cast<std::int32_t>(r), false}});
  for (auto& merge : clusters.merges) {
    const auto &a = nodes[at(merge.a)], &b = nodes[at(merge.b)];
    merge.reason = in_words(evidence, a, b, merge.swapped);
    auto both = a;
    for (const auto& [relation, turned] : b) both.emplace_back(relation, turned != merge.swapped);
    nodes.push_back(std::move(both));
  }
}

void explain(const WeighedFacts& weighed, const formats::Similarity& similarity, double threshold,
             const DedupOptions& options) {
  const auto a = relation_called(similarity, options.explain[0]), b = relation_called(similarity, options.explain[1]);
  const auto& evidence = weighed.evidence;
  const auto odds = [&](bool turned, relsim::Limited limited = relsim::Limited::ByFarEnd) {
    return evidence.log_odds(at(a), at(b), turned, limited);
  };
  const bool swapped = a == b || (!options.no_inverse && odds(true) > odds(false));
  const auto chance_of = [&](relsim::Limited limited) { return 1 / (1 + std::exp(-odds(swapped, limited))); };
  const double chance = chance_of(relsim::Limited::ByFarEnd);
  const auto thin = thinness(similarity, a, b);
  if (a == b) {
    say_note("the chance that '" + options.explain[0] + "' says the same turned round is " + percent(chance) +
             (thin.empty() ? "" : "; not to be relied on: " + thin));
  } else {
    say_note("the chance that they say the same" + std::string(swapped ? ", turned round, is " : " is ") +
             percent(chance) + "; " +
             verdict(thin, chance, chance_of(relsim::Limited::ByEstimate), chance_of(relsim::Limited::Not), threshold,
                     options));
  }
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(options.shared.json, "-"),
                          {{"what"}, {"orientation"}, {"log_ratio", 4}, {"count"}, {"head"}, {"tail"}});
  const auto row = [&](const std::string& what, bool turned, core::Cell ratio, core::Cell count, core::Cell head = {},
                       core::Cell tail = {}) {
    table.row({what, std::string(turned ? "inverse" : "same"), ratio, count, head, tail});
  };
  row("all together", swapped, odds(swapped), {});
  for (const auto relation : a == b ? std::vector{a} : std::vector{a, b}) {
    if (is_thin(similarity, relation))
      row("too few facts: " + similarity.relations[at(relation)], swapped, {}, similarity.counts[at(relation)]);
  }
  const auto pair = at(a) * evidence.relations + at(b);
  for (const auto& part : evidence.parts) {
    for (const bool turned : {false, true}) {
      if (turned || a != b) row(part.name, turned, static_cast<double>(part.ratio[turned][pair]), {});
    }
  }
  const auto limit = [&](const std::string& what, const std::vector<float>(&most)[2]) {
    for (const bool turned : {false, true}) {
      if (most[turned].empty() || (!turned && a == b)) continue;
      const auto value = static_cast<double>(most[turned][pair]);
      row(what, turned, std::isfinite(value) ? core::Cell(value) : core::Cell(), {});
    }
  };
  limit("at most, by the model", evidence.limit.far);
  if (evidence.limit.has_intervals()) limit("at most, were there no interval", evidence.limit.near);
  const auto facts = relsim::compare_facts(weighed.triples, a, b);
  const auto list = [&](const std::string& what, const std::vector<relsim::FactComparison::Pair>& pairs) {
    row(what, facts.swapped, {}, static_cast<std::int64_t>(pairs.size()));
    const auto shown = std::min(pairs.size(), options.top);
    for (std::size_t i = 0; i < shown; ++i) {
      row(what, facts.swapped, {}, {}, weighed.facts.entities[at(pairs[i].first)],
          weighed.facts.entities[at(pairs[i].second)]);
    }
  };
  list("shared", facts.shared);
  list("only " + options.explain[0], facts.only_a);
  if (a != b) list("only " + options.explain[1], facts.only_b);
  table.finish();
  sink->finish();
}

}  // namespace terse::tools
