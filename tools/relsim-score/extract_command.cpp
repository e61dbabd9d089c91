#include "relsim-score/extract_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>

#include "common/messages.hpp"
#include "relsim-score/prediction_tables.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"
#include "terse/relsim/extraction/classification_scores.hpp"
#include "terse/relsim/extraction/ensemble.hpp"
#include "terse/relsim/extraction/extractor_answers.hpp"
#include "terse/relsim/extraction/extractor_artifact.hpp"

namespace terse::tools::relsim_score {
namespace {

/// What one model, or all together, make of the test sentences.
struct Answers {
  std::string name;
  std::vector<float> logits;  // [n, R]
};

/// Test sentences of the relations that the models know, in the models' numbers.
std::vector<relsim::Sentence> read_test(const std::string& path, const relsim::Vocabulary& relations) {
  relsim::SentenceSet set;
  relsim::read_sentences(path, set);
  std::vector<relsim::Sentence> known;
  for (auto& sentence : set.sentences) {
    const auto id = relations.find(set.relations.name(sentence.relation));
    if (!id) continue;
    sentence.relation = *id;
    known.push_back(std::move(sentence));
  }
  if (known.size() < set.sentences.size()) {
    say_warning(path + ": " +
                plural(set.sentences.size() - known.size(), "sentence of a relation", "sentences of relations") +
                " that the models do not know: left out");
  }
  if (known.empty()) throw Error(Error::BadInput, path + ": no sentences of relations that the models know");
  return known;
}

void print_by_relation(core::TableWriter& table, const std::string& model, const relsim::Classification& scores,
                       const relsim::Vocabulary& relations, std::optional<std::int32_t> excluded) {
  for (std::int32_t r = 0; r < relations.size(); ++r) {
    const auto& s = scores.classes[static_cast<std::size_t>(r)];
    if (s.truths > 0 && r != excluded)
      table.row({model, relations.name(r), s.truths, s.precision, s.recall, s.f1, core::Cell()});
  }
}

/// One average of all models: a row each, and mean and standard deviation of the first `seeds`.
struct Averages {
  std::string over;
  std::int64_t sentences = 0;
  std::vector<std::array<double, 4>> figures;  // precision, recall, f1, accuracy

  void add(core::TableWriter& table, const std::string& model, const relsim::ClassScores& s, double accuracy) {
    sentences = s.truths;
    figures.push_back({s.precision, s.recall, s.f1, accuracy});
    table.row({model, over, sentences, s.precision, s.recall, s.f1, accuracy});
  }
  void add_seeds(core::TableWriter& table, std::size_t seeds) const {
    std::vector<core::Cell> means{std::string("mean"), over, sentences},
        deviations{std::string("deviation"), over, sentences};
    for (std::size_t figure = 0; figure < 4; ++figure) {
      std::vector<double> values;
      for (std::size_t i = 0; i < seeds; ++i) values.push_back(figures[i][figure]);
      auto [mean, deviation] = over_seeds(values);
      means.emplace_back(mean);
      deviations.push_back(std::move(deviation));
    }
    table.row(std::move(means));
    table.row(std::move(deviations));
  }
};

/// @param seeds  how many of the first answers are one model under several seeds; 0: none
void print_scores(const SharedOptions& shared, bool by_relation, const std::vector<Answers>& answers,
                  std::span<const std::int32_t> truths, const relsim::Vocabulary& relations,
                  std::optional<std::int32_t> excluded, std::size_t seeds) {
  const auto sink = core::open_sink("-", core::Content::Text);
  core::TableWriter table(*sink, core::table_style(shared.json, "-"),
                          {{"model"},
                           {by_relation ? "relation" : "average"},
                           {"sentences"},
                           {"precision", 4},
                           {"recall", 4},
                           {"f1", 4},
                           {"accuracy", 4}});
  Averages micro{"micro", 0, {}}, macro{"macro", 0, {}};
  for (const auto& one : answers) {
    const auto given = relsim::answers_of(one.logits, static_cast<std::size_t>(relations.size()));
    const auto scores = relsim::score_classification(truths, given, relations.size(), excluded);
    if (by_relation) {
      print_by_relation(table, one.name, scores, relations, excluded);
    } else {
      micro.add(table, one.name, scores.micro, scores.accuracy);
      macro.add(table, one.name, scores.macro, scores.accuracy);
    }
  }
  if (seeds > 0) {
    micro.add_seeds(table, seeds);
    macro.add_seeds(table, seeds);
  }
  table.finish();
  sink->finish();
}

}  // namespace

void define_extract(CLI::App& command, SharedOptions& shared, ExtractOptions& options) {
  add_examples(command, {"relsim-score extract re.model test.tsv",
                         "relsim-score extract one.model two.model test.tsv --by-relation"});
  command
      .add_option(
          "files", options.files,
          "MODEL... TEST: model artifacts of `relsim-train extract`, of the same relations, and then test sentences in "
          "any "
          "form that it takes; several models are also scored as an ensemble, by the mean of their probabilities")
      ->required()
      ->expected(2, 1 << 16)
      ->type_name("FILE");
  command
      .add_option("--excluded", options.excluded,
                  "Relation that stands for none: left out of precision, recall and F1 (default: as in training)")
      ->type_name("NAME");
  command.add_flag("--count-all", options.count_all, "Leave no relation out");
  define_prediction_output(command, shared, options.output);
}

int run_extract(const SharedOptions& shared, const ExtractOptions& options) {
  std::vector<relsim::StoredExtractor> models;
  for (std::size_t i = 0; i + 1 < options.files.size(); ++i) {
    models.push_back(
        relsim::load_extractor(formats::read_model(core::open_source(options.files[i])).content, options.files[i]));
    if (models.back().relations != models.front().relations) {
      throw Error(Error::BadInput, options.files[i] + ": knows other relations than " + options.files.front());
    }
  }
  const auto& output = options.output;
  std::optional<relsim::ErrorAnalysis> errors;
  if (!output.errors.empty()) errors = read_error_analysis(output.errors, models.front().relations);
  const relsim::Vocabulary relations(models.front().relations);
  const auto test = read_test(options.files.back(), relations);
  std::vector<Answers> answers;
  for (std::size_t i = 0; i < models.size(); ++i) {
    answers.push_back({options.files[i], relsim::extract_logits(*models[i].extractor, models[i].vocabulary, test)});
  }
  if (models.size() > 1) {
    std::vector<std::span<const float>> logits;
    for (const auto& one : answers) logits.emplace_back(one.logits);
    answers.push_back({"ensemble", relsim::ensemble_logits(logits, static_cast<std::size_t>(relations.size()))});
  }
  std::vector<std::int32_t> truths;
  std::vector<relsim::Triple> facts;
  for (const auto& sentence : test) {
    truths.push_back(sentence.relation);
    facts.push_back({0, sentence.relation, 0});
  }
  if (errors) {
    std::vector<Prediction> predictions;
    for (const auto& one : answers) predictions.push_back({one.name, relsim::rank_answers(one.logits, truths)});
    print_errors(shared, predictions, facts, *errors, output);
    return 0;
  }
  const auto name = options.excluded.empty() ? models.front().excluded : options.excluded;
  const auto excluded = options.count_all || name.empty() ? std::nullopt : relations.find(name);
  if (!options.excluded.empty() && !excluded && !options.count_all)
    throw Error(Error::Usage, "--excluded: the models know no relation '" + name + "'");
  print_scores(shared, output.by_relation, answers, truths, relations, excluded, output.seeds ? models.size() : 0);
  return 0;
}

}  // namespace terse::tools::relsim_score
