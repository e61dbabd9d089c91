#include "terse/formats/kinds/model.hpp"

#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {

std::string write_model(core::ByteSink& sink, Header header, const ModelInfo& info,
                        std::span<const TensorView> parameters, std::span<const TensorView> buffers) {
  ArtifactWriter writer(sink, header_for(Kind::Model, std::move(header)));
  writer.document("model", Value::Map{{"spec", info.spec},
                                      {"data", info.data},
                                      {"program_digest", info.program_digest},
                                      {"inputs", info.inputs},
                                      {"metrics", info.metrics}});
  writer.strings("classes", info.classes);
  writer.strings("vocabulary", info.vocabulary);
  write_group(writer, "parameter", parameters);
  write_group(writer, "buffer", buffers);
  return writer.finish();
}

std::string write_model(core::ByteSink& sink, Header header, const Model& model) {
  return write_model(sink, std::move(header), model, views(model.parameters), views(model.buffers));
}

Loaded<Model> read_model(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Model> loaded{reader.expect(Kind::Model), {}, {}};
  Model& model = loaded.content;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "model") {
      const Document document(reader, *item);
      model.spec = document.text("spec");
      model.data = document.text("data");
      model.program_digest = document.text("program_digest");
      model.inputs = document.map("inputs");
      model.metrics = document.map("metrics");
      found = true;
    } else if (item->name == "classes") {
      model.classes = read_strings(reader, *item);
    } else if (item->name == "vocabulary") {
      model.vocabulary = read_strings(reader, *item);
    } else if (within(item->name, "parameter")) {
      model.parameters.push_back(read_grouped(reader, *item, "parameter"));
    } else if (within(item->name, "buffer")) {
      model.buffers.push_back(read_grouped(reader, *item, "buffer"));
    }
  }
  require_item(reader, found, "model");
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
