#include "terse/formats/kinds/checkpoint.hpp"

#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {
namespace {

Value to_value(const CheckpointInfo& info) {
  return Value::Map{{"model", info.model},
                    {"program_digest", info.program_digest},
                    {"data", info.data},
                    {"data_digest", info.data_digest},
                    {"step", info.step},
                    {"epoch", info.epoch},
                    {"position", info.position},
                    {"optimizer", info.optimizer},
                    {"hyperparameters", info.hyperparameters},
                    {"scheduler", info.scheduler},
                    {"scheduler_state", info.scheduler_state},
                    {"compression", info.compression},
                    {"threads", info.threads},
                    {"options", info.options},
                    {"metrics", info.metrics},
                    {"adaptation", info.adaptation}};
}

void read_info(const Document& document, CheckpointInfo& info) {
  info.model = document.text("model");
  info.program_digest = document.text("program_digest");
  info.data = document.text("data");
  info.data_digest = document.text("data_digest");
  info.step = document.count("step");
  info.epoch = document.count("epoch");
  info.position = document.count("position");
  info.optimizer = document.text("optimizer");
  info.hyperparameters = document.map("hyperparameters");
  info.scheduler = document.text("scheduler");
  info.scheduler_state = document.map("scheduler_state");
  info.compression = document.map("compression");
  info.threads = document.count("threads");
  info.options = document.map("options");
  info.metrics = document.map("metrics");
  info.adaptation = document.optional_map("adaptation");
}

}  // namespace

std::string write_checkpoint(core::ByteSink& sink, Header header, const CheckpointInfo& info,
                             const CheckpointTensors& tensors) {
  ArtifactWriter writer(sink, header_for(Kind::Checkpoint, std::move(header)));
  writer.document("checkpoint", to_value(info));
  writer.tensor({"generator", core::DType::UInt8, {static_cast<std::int64_t>(tensors.generator.size())}},
                tensors.generator);
  write_rows(writer, "precision", info.precision.size(), [&](std::size_t i) { return to_value(info.precision[i]); });
  write_group(writer, "parameter", tensors.parameters);
  write_group(writer, "buffer", tensors.buffers);
  write_group(writer, "optimizer", tensors.optimizer_state);
  return writer.finish();
}

std::string write_checkpoint(core::ByteSink& sink, Header header, const Checkpoint& checkpoint) {
  return write_checkpoint(sink, std::move(header), checkpoint,
                          {views(checkpoint.parameters), views(checkpoint.buffers), views(checkpoint.optimizer_state),
                           checkpoint.generator.data});
}

Loaded<Checkpoint> read_checkpoint(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Checkpoint> loaded{reader.expect(Kind::Checkpoint), {}, {}};
  Checkpoint& checkpoint = loaded.content;
  bool found = false, found_generator = false;
  while (const auto item = reader.next()) {
    if (item->name == "checkpoint") {
      read_info(Document(reader, *item), checkpoint);
      found = true;
    } else if (item->name == "generator") {
      checkpoint.generator = read_tensor(reader, *item);
      if (checkpoint.generator.info.dtype != core::DType::UInt8)
        refuse_item(reader, item->name, "is not of type uint8");
      found_generator = true;
    } else if (within(item->name, "precision")) {
      for (const Document& row : Document(reader, *item).rows("rows"))
        checkpoint.precision.push_back(policy_tensor_from(row));
    } else if (within(item->name, "parameter")) {
      checkpoint.parameters.push_back(read_grouped(reader, *item, "parameter"));
    } else if (within(item->name, "buffer")) {
      checkpoint.buffers.push_back(read_grouped(reader, *item, "buffer"));
    } else if (within(item->name, "optimizer")) {
      checkpoint.optimizer_state.push_back(read_grouped(reader, *item, "optimizer"));
    }
  }
  require_item(reader, found, "checkpoint");
  require_item(reader, found_generator, "generator");
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
