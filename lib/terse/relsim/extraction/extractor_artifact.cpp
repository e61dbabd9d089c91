#include "terse/relsim/extraction/extractor_artifact.hpp"

#include <algorithm>
#include <cstring>

#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Array to_array(const Vocabulary& vocabulary) {
  const auto names = vocabulary.names();
  return {names.begin(), names.end()};
}

Vocabulary to_vocabulary(const Value& value) {
  std::vector<std::string> names;
  for (const auto& name : value.as_array()) names.push_back(name.as_string());
  return Vocabulary(names);
}

std::int64_t numbers_of(const Vocabulary& vocabulary) { return vocabulary.size() > 0 ? vocabulary.size() + 2 : 0; }

std::int64_t bounded(const Value& inputs, std::string_view key, std::int64_t most) {
  const auto value = inputs.at(key).as_integer();
  if (value < 1 || value > most) throw Error(Error::BadInput, "key \"" + std::string(key) + "\" is out of range");
  return value;
}

}  // namespace

formats::Model store_extractor(const Extractor& extractor, const FeatureVocabulary& vocabulary,
                               const std::vector<std::string>& relations, const std::string& excluded) {
  const auto& shape = extractor.shape();
  formats::Model stored;
  stored.spec = to_string(shape.kind);
  stored.data = "sentences";
  stored.classes = relations;
  stored.vocabulary = vocabulary.words.names();
  stored.inputs = Value::Map{{"tags", to_array(vocabulary.tags)},
                             {"entities", to_array(vocabulary.entities)},
                             {"length", vocabulary.length},
                             {"word_dim", shape.word_dim},
                             {"label_dim", shape.label_dim},
                             {"distance_dim", shape.distance_dim},
                             {"hidden", shape.hidden},
                             {"layers", shape.layers},
                             {"heads", shape.heads},
                             {"dropout", shape.dropout},
                             {"excluded", excluded}};
  for (const auto& item : extractor.named_parameters()) {
    const auto values = item.value().detach().contiguous();
    stored.parameters.push_back(formats::make_tensor(
        item.key(), values.sizes().vec(),
        std::span<const float>(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
  }
  return stored;
}

StoredExtractor load_extractor(const formats::Model& stored, const std::string& name) {
  StoredExtractor result;
  ExtractorShape shape;
  try {
    shape.kind = extractor_kind_of(stored.spec);
    const auto& inputs = stored.inputs;
    result.vocabulary.words = Vocabulary(stored.vocabulary);
    result.vocabulary.tags = to_vocabulary(inputs.at("tags"));
    result.vocabulary.entities = to_vocabulary(inputs.at("entities"));
    result.vocabulary.length = bounded(inputs, "length", 1 << 16);
    result.excluded = inputs.at("excluded").as_string();
    result.relations = stored.classes;
    shape.words = result.vocabulary.words.size() + 2;
    shape.tags = numbers_of(result.vocabulary.tags);
    shape.entities = numbers_of(result.vocabulary.entities);
    shape.relations = static_cast<std::int64_t>(stored.classes.size());
    shape.word_dim = bounded(inputs, "word_dim", 1 << 14);
    shape.label_dim = bounded(inputs, "label_dim", 1 << 14);
    shape.distance_dim = bounded(inputs, "distance_dim", 1 << 14);
    shape.hidden = bounded(inputs, "hidden", 1 << 14);
    shape.layers = bounded(inputs, "layers", 64);
    shape.heads = bounded(inputs, "heads", 1 << 14);
    shape.dropout = inputs.at("dropout").as_double();
    result.extractor = std::make_shared<Extractor>(shape, 0);
  } catch (const Error& error) {
    throw Error(Error::BadInput,
                name + ": the model '" + stored.spec + "' is no extractor of relations: " + error.what());
  }
  for (auto& item : result.extractor->named_parameters()) {
    const auto found =
        std::ranges::find_if(stored.parameters, [&](const auto& t) { return t.info.name == item.key(); });
    if (found == stored.parameters.end() || found->info.dtype != core::DType::Float32 ||
        found->info.shape != item.value().sizes().vec()) {
      throw Error(Error::BadInput, name + ": tensor '" + item.key() + "' is missing or does not fit");
    }
    if (!core::all_finite(found->as<float>())) {
      throw Error(Error::BadInput, name + ": tensor '" + item.key() + "' holds a value that is no number");
    }
    std::memcpy(item.value().data_ptr<float>(), found->data.data(), found->data.size());
  }
  return result;
}

}  // namespace terse::relsim
