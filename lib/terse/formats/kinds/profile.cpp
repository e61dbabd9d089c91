#include "terse/formats/kinds/profile.hpp"

#include "terse/core/error.hpp"
#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

Value optional_value(const std::optional<double>& value) { return value ? Value(*value) : Value(); }

Value::Array rungs_value(const std::vector<Rung>& rungs) {
  Value::Array values;
  for (const Rung& rung : rungs) values.push_back(to_value(rung));
  return values;
}

Value to_value(const ProfiledTensor& t) {
  return Value::Map{{"id", t.id},
                    {"op", t.op},
                    {"role", t.role},
                    {"dtype", std::string(core::to_string(t.dtype))},
                    {"shape", Value::Array(t.shape.begin(), t.shape.end())},
                    {"exact_bytes", t.exact_bytes},
                    {"reason", t.reason},
                    {"shared_with", t.shared_with},
                    {"minimum", t.minimum},
                    {"maximum", t.maximum},
                    {"zeros", t.zeros},
                    {"non_finite", t.non_finite},
                    {"distinct", std::uint64_t{t.distinct}},
                    {"sensitivity", optional_value(t.sensitivity)},
                    {"sensitivity_error", optional_value(t.sensitivity_error)},
                    {"sensitivity_passed", optional_value(t.sensitivity_passed)},
                    {"rungs", rungs_value(t.rungs)}};
}

ProfiledTensor tensor_from(const Document& row) {
  ProfiledTensor t;
  t.id = row.text("id");
  t.op = row.text("op");
  t.role = row.text("role");
  t.dtype = row.dtype("dtype");
  t.shape = row.shape("shape");
  t.exact_bytes = row.count("exact_bytes");
  t.reason = row.text("reason");
  t.shared_with = row.text("shared_with");
  t.minimum = row.number("minimum");
  t.maximum = row.number("maximum");
  t.zeros = row.count("zeros");
  t.non_finite = row.count("non_finite");
  t.distinct = row.small_count("distinct");
  t.sensitivity = row.optional_number("sensitivity");
  t.sensitivity_error = row.optional_number("sensitivity_error");
  if (row.optional_number("sensitivity_passed")) t.sensitivity_passed = row.non_negative("sensitivity_passed");
  for (const Document& rung : row.optional_rows("rungs")) t.rungs.push_back(rung_from(rung));
  return t;
}

Value summary(const Profile& p) {
  return Value::Map{{"model", p.model},
                    {"data", p.data},
                    {"batch", p.batch},
                    {"sensitivity_method", p.sensitivity_method},
                    {"sensitivity_draws", p.sensitivity_draws},
                    {"backward_start", p.backward_start},
                    {"fixed_resident_bytes", p.fixed_resident_bytes},
                    {"parameter_bytes", p.parameter_bytes},
                    {"buffer_bytes", p.buffer_bytes},
                    {"gradient_bytes", p.gradient_bytes},
                    {"optimizer_bytes", p.optimizer_bytes},
                    {"live_bytes_before", p.live_bytes_before},
                    {"peak_allocated_bytes", p.peak_allocated_bytes},
                    {"peak_resident_bytes", p.peak_resident_bytes},
                    {"step_seconds", p.step_seconds},
                    {"output_gradient", optional_value(p.output_gradient)},
                    {"quantization_variance_predicted", optional_value(p.quantization_variance_predicted)},
                    {"quantization_variance_measured", optional_value(p.quantization_variance_measured)},
                    {"gradient_variance", optional_value(p.gradient_variance)}};
}

void read_summary(const Document& document, Profile& p) {
  p.model = document.text("model");
  p.data = document.text("data");
  p.batch = document.count("batch");
  p.sensitivity_method = document.text("sensitivity_method");
  p.sensitivity_draws = document.count("sensitivity_draws");
  p.backward_start = document.count("backward_start");
  p.fixed_resident_bytes = document.count("fixed_resident_bytes");
  p.parameter_bytes = document.count("parameter_bytes");
  p.buffer_bytes = document.count("buffer_bytes");
  p.gradient_bytes = document.count("gradient_bytes");
  p.optimizer_bytes = document.count("optimizer_bytes");
  p.live_bytes_before = document.count("live_bytes_before");
  p.peak_allocated_bytes = document.count("peak_allocated_bytes");
  p.peak_resident_bytes = document.count("peak_resident_bytes");
  p.step_seconds = document.number("step_seconds");
  p.output_gradient = document.optional_number("output_gradient");
  p.quantization_variance_predicted = document.optional_number("quantization_variance_predicted");
  p.quantization_variance_measured = document.optional_number("quantization_variance_measured");
  p.gradient_variance = document.optional_number("gradient_variance");
}

/// The timeline as one column a field: columns of numbers compress and load at once.
struct Columns {
  std::vector<std::int64_t> blocks, bytes;
  std::vector<std::int32_t> tensors, tags;
};

void write_timeline(ArtifactWriter& writer, const Profile& profile) {
  Columns columns;
  for (const AllocationEvent& event : profile.timeline) {
    columns.blocks.push_back(static_cast<std::int64_t>(event.block));
    columns.bytes.push_back(event.bytes);
    columns.tensors.push_back(event.tensor);
    columns.tags.push_back(static_cast<std::int32_t>(event.tag));
  }
  const auto count = static_cast<std::int64_t>(profile.timeline.size());
  write_column(writer, "timeline/block", columns.blocks, {count});
  write_column(writer, "timeline/bytes", columns.bytes, {count});
  write_column(writer, "timeline/tensor", columns.tensors, {count});
  write_column(writer, "timeline/tag", columns.tags, {count});
}

void assemble_timeline(const ArtifactReader& reader, const Columns& columns, Profile& profile) {
  const std::size_t count = columns.blocks.size();
  require_length(reader, "timeline/bytes", columns.bytes, count);
  require_length(reader, "timeline/tensor", columns.tensors, count);
  require_length(reader, "timeline/tag", columns.tags, count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t tensor = columns.tensors[i], tag = columns.tags[i];
    if (tensor < -1 || (tensor >= 0 && static_cast<std::size_t>(tensor) >= profile.tensors.size()))
      refuse_item(reader, "timeline/tensor", "names a tensor that is not there");
    if (tag < 0 || static_cast<std::size_t>(tag) >= profile.tags.size())
      refuse_item(reader, "timeline/tag", "names a tag that is not there");
    profile.timeline.push_back(
        {static_cast<std::uint64_t>(columns.blocks[i]), columns.bytes[i], tensor, static_cast<std::uint32_t>(tag)});
  }
  if (profile.backward_start > count) refuse_item(reader, "profile", "starts the backward pass after the timeline");
}

}  // namespace

std::string write_profile(core::ByteSink& sink, Header header, const Profile& profile) {
  for (const AllocationEvent& event : profile.timeline)
    if (event.tag >= profile.tags.size()) throw Error(Error::Internal, "timeline with a tag that has no name");
  ArtifactWriter writer(sink, header_for(Kind::Profile, std::move(header)));
  writer.document("profile", summary(profile));
  write_rows(writer, "tensors", profile.tensors.size(), [&](std::size_t i) { return to_value(profile.tensors[i]); });
  writer.strings("tags", profile.tags);
  write_timeline(writer, profile);
  return writer.finish();
}

Loaded<Profile> read_profile(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Profile> loaded{reader.expect(Kind::Profile), {}, {}};
  Profile& profile = loaded.content;
  Columns columns;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "profile") {
      read_summary(Document(reader, *item), profile);
      found = true;
    } else if (within(item->name, "tensors")) {
      for (const Document& row : Document(reader, *item).rows("rows")) profile.tensors.push_back(tensor_from(row));
    } else if (item->name == "tags") {
      profile.tags = read_strings(reader, *item);
    } else if (item->name == "timeline/block") {
      columns.blocks = read_column<std::int64_t>(reader, *item);
    } else if (item->name == "timeline/bytes") {
      columns.bytes = read_column<std::int64_t>(reader, *item);
    } else if (item->name == "timeline/tensor") {
      columns.tensors = read_column<std::int32_t>(reader, *item);
    } else if (item->name == "timeline/tag") {
      columns.tags = read_column<std::int32_t>(reader, *item);
    }
  }
  require_item(reader, found, "profile");
  assemble_timeline(reader, columns, profile);
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
