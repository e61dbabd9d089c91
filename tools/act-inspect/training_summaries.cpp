// Summaries of what the act- programs write: profiles, models, checkpoints, dumps.
#include <map>

#include "act-inspect/kind_summaries.hpp"
#include "terse/core/checked.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"

namespace terse::tools::act_inspect {
namespace {

struct Sum {
  std::uint64_t tensors = 0, exact = 0, stored = 0;
};

void tally(std::map<std::string, Sum>& sums, const std::string& reason, std::uint64_t exact, std::uint64_t stored) {
  for (Sum* sum : {&sums[reason], &sums["all"]}) {
    ++sum->tensors;
    sum->exact += exact;
    sum->stored += stored;
  }
}

const formats::Value& document(const Outline& outline, const std::string& name) {
  const auto found = outline.documents.find(name);
  if (found == outline.documents.end()) throw Error(Error::BadInput, "the document '" + name + "' is missing");
  return found->second;
}

std::uint64_t count(const formats::Value& value) { return static_cast<std::uint64_t>(value.as_integer()); }

// "parameter", "buffer" …: tensors, elements and bytes of each group.
void describe_groups(Report& report, const Outline& outline) {
  report.table("groups", {{.name = "group"},
                          {.name = "tensors"},
                          {.name = "elements"},
                          {.name = "raw_bytes", .size = true},
                          {.name = "stored_bytes", .size = true}});
  struct Group {
    std::uint64_t tensors = 0, elements = 0, raw = 0, stored = 0;
  };
  std::map<std::string, Group> groups;
  for (const auto& item : outline.items) {
    if (item.type != formats::ItemInfo::Type::Tensor) continue;
    Group& group = groups[item.name.substr(0, item.name.find('/'))];
    ++group.tensors;
    group.elements += core::checked_numel(item.tensor.shape, item.name);
    group.raw += item.raw_bytes;
    group.stored += item.stored_bytes;
  }
  for (const auto& [name, group] : groups) {
    report.row({name, cell(group.tensors), cell(group.elements), cell(group.raw), cell(group.stored)});
  }
}

// The document's own members; what is a map itself, under its name.
void describe_members(Report& report, const formats::Value& map) {
  for (const auto& [name, value] : map.as_map()) {
    if (value.is_map()) {
      report.facts(name + ".", value);
    } else {
      report.fact(name, value);
    }
  }
}

}  // namespace

void describe_profile(Report& report, Input& input) {
  const auto profile = formats::read_profile(borrow(*input.source)).content;
  report.fact("model", profile.model);
  report.fact("data", profile.data);
  report.fact("batch", profile.batch);
  report.fact("tensors", std::uint64_t{profile.tensors.size()});
  std::map<std::string, Sum> sums;
  for (const auto& tensor : profile.tensors) tally(sums, tensor.reason, tensor.exact_bytes, 0);
  report.size("activation_bytes_exact", sums["all"].exact);
  report.size("parameter_bytes", profile.parameter_bytes);
  report.size("buffer_bytes", profile.buffer_bytes);
  report.size("gradient_bytes", profile.gradient_bytes);
  report.size("optimizer_bytes", profile.optimizer_bytes);
  report.size("fixed_resident_bytes", profile.fixed_resident_bytes);
  report.size("peak_allocated_bytes", profile.peak_allocated_bytes);
  report.size("peak_resident_bytes", profile.peak_resident_bytes);
  report.fact("allocation_events", std::uint64_t{profile.timeline.size()});
  if (profile.step_seconds > 0) report.fact("step_seconds", profile.step_seconds);
  report.fact("sensitivity_method", profile.sensitivity_method);
  report.fact("sensitivity_draws", profile.sensitivity_draws);
  for (const auto& [name, value] : {std::pair{"output_gradient", profile.output_gradient},
                                    {"quantization_variance_predicted", profile.quantization_variance_predicted},
                                    {"quantization_variance_measured", profile.quantization_variance_measured},
                                    {"gradient_variance", profile.gradient_variance}}) {
    if (value) report.fact(name, *value);
  }
  report.table("reasons", {{.name = "reason"}, {.name = "tensors"}, {.name = "exact_bytes", .size = true}});
  for (const auto& [reason, sum] : sums) {
    if (reason != "all") report.row({reason, cell(sum.tensors), cell(sum.exact)});
  }
}

void describe_policy(Report& report, Input& input) {
  const auto policy = formats::read_policy(borrow(*input.source)).content;
  report.fact("model", policy.model);
  report.fact("data", policy.data);
  report.fact("batch", policy.batch);
  if (!policy.level.empty()) report.fact("level", policy.level);
  if (policy.budget > 0) report.size("budget", policy.budget);
  report.fact("tensors", std::uint64_t{policy.tensors.size()});
  report.table("bits", {{.name = "bits"}, {.name = "tensors"}, {.name = "stored_bytes", .size = true}});
  std::map<int, Sum> sums;
  for (const auto& tensor : policy.tensors) {
    Sum& sum = sums[tensor.bits];
    ++sum.tensors;
    for (const auto& rung : tensor.rungs) sum.stored += rung.bits == tensor.bits ? rung.bytes : 0;
  }
  for (const auto& [bits, sum] : sums) {
    report.row({cell(static_cast<std::uint64_t>(bits)), cell(sum.tensors), cell(sum.stored)});
  }
}

void describe_model(Report& report, const Outline& outline) {
  describe_members(report, document(outline, "model"));
  describe_groups(report, outline);
}

void describe_checkpoint(Report& report, const Outline& outline) {
  describe_members(report, document(outline, "checkpoint"));
  describe_groups(report, outline);
}

void describe_dump(Report& report, const Outline& outline) {
  describe_members(report, document(outline, "run"));
  std::map<std::string, Sum> sums;
  for (const auto& [name, entry] : outline.documents) {
    if (entry.find("reason") == nullptr) continue;
    tally(sums, entry.at("reason").as_string(), count(entry.at("exact_bytes")), count(entry.at("stored_bytes")));
  }
  const Sum all = sums["all"];
  report.fact("tensors", all.tensors);
  report.size("activation_bytes_exact", all.exact);
  report.size("activation_bytes_stored", all.stored);
  if (all.stored > 0) report.fact("ratio", static_cast<double>(all.exact) / static_cast<double>(all.stored));
  report.table("reasons", {{.name = "reason"},
                           {.name = "tensors"},
                           {.name = "exact_bytes", .size = true},
                           {.name = "stored_bytes", .size = true},
                           {.name = "ratio", .digits = 3}});
  for (const auto& [reason, sum] : sums) {
    if (reason == "all") continue;
    report.row({reason, cell(sum.tensors), cell(sum.exact), cell(sum.stored), ratio_cell(sum.exact, sum.stored)});
  }
}

}  // namespace terse::tools::act_inspect
