#include "terse/relsim/embedding/embedding_step.hpp"

#include <algorithm>
#include <cmath>

#include "terse/core/parallel.hpp"
#include "terse/relsim/kb/id.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kFactGrain = 64, kRelationGrain = 1, kEntityGrain = 128;

/// log(1 + exp x) and its derivative.
float softplus(float x) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x))); }
float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// The loss of scores[0] against the others; replaces each by the loss's derivative in it.
double loss_of(RankingLoss loss, float margin, std::span<float> scores) {
  const auto others = scores.subspan(1);
  if (others.empty()) {
    scores[0] = 0;
    return 0;
  }
  const auto share = 1 / static_cast<float>(others.size());
  const float own = scores[0];
  double sum = 0;
  if (loss == RankingLoss::Margin) {
    scores[0] = 0;
    for (auto& score : others) {
      const float short_of = margin - own + score;
      score = short_of > 0 ? share : 0;
      scores[0] -= score;
      sum += static_cast<double>(std::max(short_of, 0.0f) * share);
    }
  } else if (loss == RankingLoss::Logistic) {
    sum = static_cast<double>(softplus(-margin - own));
    scores[0] = -sigmoid(-margin - own);
    for (auto& score : others) {
      sum += static_cast<double>(share * softplus(margin + score));
      score = share * sigmoid(margin + score);
    }
  } else {
    const float largest = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (const float score : scores) total += std::exp(static_cast<double>(score - largest));
    sum = std::log(total) + static_cast<double>(largest - own);
    for (auto& score : scores) score = static_cast<float>(std::exp(static_cast<double>(score - largest)) / total);
    scores[0] -= 1;
  }
  return sum;
}

}  // namespace

EmbeddingStep::EmbeddingStep(EmbeddingModel& model, const EmbeddingStepOptions& options)
    : model_(model),
      options_(options),
      entity_optimizer_(options.rule, options.lr, model.entity.size()),
      relation_optimizer_(options.rule, options.lr, model.relation.size()) {}

void EmbeddingStep::lay_out(const EmbeddingBatch& batch) {
  const auto width = model_.shape.width, facts = batch.facts.size();
  examples_.clear();
  first_.assign(1, 0);
  for (std::size_t i = 0; i < facts; ++i) {
    const auto& fact = batch.facts[i];
    const auto number = static_cast<std::uint32_t>(i);
    examples_.push_back({fact.relation, number, -1, 0});
    if (batch.known) {
      const auto holds = batch.known->relations(fact.head, fact.tail);
      auto next = holds.begin();
      for (std::int32_t r = 0; r < model_.relations; ++r) {
        while (next != holds.end() && *next < r) ++next;
        if (r != fact.relation && (next == holds.end() || *next != r)) examples_.push_back({r, number, -1, 0});
      }
    } else {
      for (auto j = batch.begin[i]; j < batch.begin[i + 1]; ++j) {
        const auto& negative = batch.negatives[j];
        const bool replaced = negative.head != fact.head || negative.tail != fact.tail;
        examples_.push_back({negative.relation, number, replaced ? static_cast<std::int32_t>(j) : -1, 0});
      }
    }
    first_.push_back(examples_.size());
  }
  scores_.resize(examples_.size());
  head_.assign(facts * width, 0);
  tail_.assign(facts * width, 0);
  replaced_.assign(batch.negatives.size() * width, 0);
  if (model_.shape.linear()) query_.resize(facts * model_.shape.relation_width());
}

double EmbeddingStep::differentiate(const EmbeddingBatch& batch, std::size_t i) {
  const auto& shape = model_.shape;
  const auto& fact = batch.facts[i];
  const auto *h = model_.entity_row(fact.head), *t = model_.entity_row(fact.tail);
  const auto relation_width = shape.relation_width();
  float* query = shape.linear() ? query_.data() + i * relation_width : nullptr;
  if (query) relation_query(shape, h, t, query);
  const auto scores = std::span(scores_).subspan(first_[i], first_[i + 1] - first_[i]);
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const auto& example = examples_[first_[i] + k];
    const auto* r = model_.relation_row(example.relation);
    if (example.negative >= 0) {
      const auto& negative = batch.negatives[at(example.negative)];
      scores[k] = score_fact(shape, model_.entity_row(negative.head), r, model_.entity_row(negative.tail));
    } else {
      scores[k] = query ? dot_row(query, r, relation_width) : score_fact(shape, h, r, t);
    }
  }
  const double loss = loss_of(options_.loss, static_cast<float>(options_.margin), scores);
  for (std::size_t k = 0; k < scores.size(); ++k) examples_[first_[i] + k].factor = scores[k];
  add_entity_gradients(batch, i);
  return loss;
}

void EmbeddingStep::add_entity_gradients(const EmbeddingBatch& batch, std::size_t i) {
  const auto& shape = model_.shape;
  const auto& fact = batch.facts[i];
  const auto *h = model_.entity_row(fact.head), *t = model_.entity_row(fact.tail);
  float *dh = head_.data() + i * shape.width, *dt = tail_.data() + i * shape.width;
  // What linear models give their entities is linear in the relation, too: one gradient for all relations of the pair.
  thread_local std::vector<float> sum;
  if (shape.linear()) sum.assign(shape.relation_width(), 0);
  for (auto k = first_[i]; k < first_[i + 1]; ++k) {
    const auto& example = examples_[k];
    if (example.factor == 0) continue;
    const auto* r = model_.relation_row(example.relation);
    if (example.negative >= 0) {
      const auto& negative = batch.negatives[at(example.negative)];
      const bool head = negative.head != fact.head;
      float* replaced = replaced_.data() + at(example.negative) * shape.width;
      add_score_gradient(shape, model_.entity_row(negative.head), r, model_.entity_row(negative.tail), example.factor,
                         head ? replaced : dh, nullptr, head ? dt : replaced);
    } else if (shape.linear()) {
      add_scaled_row(sum.data(), r, example.factor, sum.size());
    } else {
      add_score_gradient(shape, h, r, t, example.factor, dh, nullptr, dt);
    }
  }
  if (shape.linear()) add_score_gradient(shape, h, sum.data(), t, 1, dh, nullptr, dt);
  const auto l2 = static_cast<float>(options_.l2);
  if (l2 == 0) return;
  add_scaled_row(dh, h, l2, shape.width);
  add_scaled_row(dt, t, l2, shape.width);
}

void EmbeddingStep::update_relations(const EmbeddingBatch& batch) {
  const auto& shape = model_.shape;
  const auto width = shape.relation_width();
  // Examples by relation, by counting; within a relation in the order of the batch.
  std::vector<std::uint32_t> begin(at(model_.relations) + 1), order;
  std::uint32_t used = 0;
  for (const auto& example : examples_) {
    if (example.factor == 0) continue;
    ++begin[at(example.relation) + 1];
    ++used;
  }
  for (std::size_t r = 1; r < begin.size(); ++r) begin[r] += begin[r - 1];
  order.resize(used);
  auto place = begin;
  for (std::size_t k = 0; k < examples_.size(); ++k) {
    if (examples_[k].factor != 0) order[place[at(examples_[k].relation)]++] = static_cast<std::uint32_t>(k);
  }
  std::vector<std::int32_t> touched;
  for (std::int32_t r = 0; r < model_.relations; ++r) {
    if (begin[at(r)] != begin[at(r) + 1]) touched.push_back(r);
  }
  core::parallel_for(touched.size(), kRelationGrain, [&](std::size_t first, std::size_t last) {
    std::vector<float> gradient(width);
    for (auto n = first; n < last; ++n) {
      const auto r = touched[n];
      float* row = model_.relation_row(r);
      std::fill(gradient.begin(), gradient.end(), 0.0f);
      for (auto k = begin[at(r)]; k < begin[at(r) + 1]; ++k) {
        const auto& example = examples_[order[k]];
        const auto& fact = example.negative >= 0 ? batch.negatives[at(example.negative)] : batch.facts[example.fact];
        if (shape.linear() && example.negative < 0) {
          add_scaled_row(gradient.data(), query_.data() + example.fact * width, example.factor, width);
        } else {
          add_score_gradient(shape, model_.entity_row(fact.head), row, model_.entity_row(fact.tail), example.factor,
                             nullptr, gradient.data(), nullptr);
        }
        // A fact's own example is its first.
        if (options_.l2 > 0 && order[k] == first_[example.fact]) {
          add_scaled_row(gradient.data(), row, static_cast<float>(options_.l2), width);
        }
      }
      if (shape.model == ScoreModel::RotatE) {  // only turning changes a rotation
        const auto half = width / 2;
        for (std::size_t i = 0; i < half; ++i) {
          const float radial = gradient[i] * row[i] + gradient[half + i] * row[half + i];
          gradient[i] -= radial * row[i];
          gradient[half + i] -= radial * row[half + i];
        }
      }
      relation_optimizer_.update(model_.relation.data(), at(r) * width, gradient.data(), width, steps_);
      model_.constrain_relation(r);
    }
  });
}

void EmbeddingStep::update_entities(const EmbeddingBatch& batch) {
  const auto width = model_.shape.width;
  struct Given {
    std::int32_t entity;
    const float* gradient;
  };
  std::vector<Given> given;
  for (std::size_t i = 0; i < batch.facts.size(); ++i) {
    given.push_back({batch.facts[i].head, head_.data() + i * width});
    given.push_back({batch.facts[i].tail, tail_.data() + i * width});
    for (auto k = first_[i]; k < first_[i + 1]; ++k) {
      const auto j = examples_[k].negative;
      if (j < 0 || examples_[k].factor == 0) continue;
      const auto& negative = batch.negatives[at(j)];
      given.push_back(
          {negative.head != batch.facts[i].head ? negative.head : negative.tail, replaced_.data() + at(j) * width});
    }
  }
  std::stable_sort(given.begin(), given.end(), [](const Given& a, const Given& b) { return a.entity < b.entity; });
  std::vector<std::size_t> begin;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (i == 0 || given[i].entity != given[i - 1].entity) begin.push_back(i);
  }
  begin.push_back(given.size());
  core::parallel_for(begin.size() - 1, kEntityGrain, [&](std::size_t first, std::size_t last) {
    std::vector<float> gradient(width);
    for (auto n = first; n < last; ++n) {
      std::copy_n(given[begin[n]].gradient, width, gradient.begin());
      for (auto k = begin[n] + 1; k < begin[n + 1]; ++k) add_scaled_row(gradient.data(), given[k].gradient, 1, width);
      const auto entity = given[begin[n]].entity;
      entity_optimizer_.update(model_.entity.data(), at(entity) * width, gradient.data(), width, steps_);
      model_.constrain_entity(entity);
    }
  });
}

double EmbeddingStep::step(const EmbeddingBatch& batch) {
  ++steps_;
  lay_out(batch);
  std::vector<double> losses(batch.facts.size());
  core::parallel_for(losses.size(), kFactGrain, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) losses[i] = differentiate(batch, i);
  });
  update_relations(batch);
  update_entities(batch);
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum;
}

}  // namespace terse::relsim
