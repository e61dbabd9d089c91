#include "terse/relsim/extraction/classification_scores.hpp"

namespace terse::relsim {
namespace {

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

void finish(ClassScores& s) {
  const auto right = static_cast<double>(s.right);
  s.precision = ratio(right, right + static_cast<double>(s.wrong));
  s.recall = ratio(right, static_cast<double>(s.truths));
  s.f1 = ratio(2 * s.precision * s.recall, s.precision + s.recall);
}

}  // namespace

Classification score_classification(std::span<const std::int32_t> truths, std::span<const std::int32_t> answers,
                                    std::int32_t relations, std::optional<std::int32_t> excluded) {
  Classification result;
  result.classes.resize(static_cast<std::size_t>(relations));
  std::int64_t right = 0;
  for (std::size_t i = 0; i < truths.size(); ++i) {
    auto& truth = result.classes[static_cast<std::size_t>(truths[i])];
    auto& answer = result.classes[static_cast<std::size_t>(answers[i])];
    ++truth.truths;
    ++(truths[i] == answers[i] ? answer.right : answer.wrong);
    right += truths[i] == answers[i];
  }
  result.accuracy = ratio(static_cast<double>(right), static_cast<double>(truths.size()));
  double counted = 0;
  for (std::size_t r = 0; r < result.classes.size(); ++r) {
    auto& scores = result.classes[r];
    finish(scores);
    if (excluded && static_cast<std::size_t>(*excluded) == r) continue;
    result.micro.right += scores.right;
    result.micro.wrong += scores.wrong;
    result.micro.truths += scores.truths;
    if (scores.truths == 0) continue;
    ++counted;
    result.macro.precision += scores.precision;
    result.macro.recall += scores.recall;
    result.macro.f1 += scores.f1;
  }
  finish(result.micro);
  result.macro.right = result.micro.right;
  result.macro.wrong = result.micro.wrong;
  result.macro.truths = result.micro.truths;
  for (double* value : {&result.macro.precision, &result.macro.recall, &result.macro.f1})
    *value = ratio(*value, counted);
  return result;
}

}  // namespace terse::relsim
