#include "terse/relsim/embedding/embedding_artifact.hpp"

#include <algorithm>
#include <charconv>

#include "terse/core/error.hpp"
#include "terse/core/finite.hpp"

namespace terse::relsim {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(Error::BadInput, name + ": " + what);
}

/// "transe:dim=100,norm=1" as a shape.
ScoreShape parse_spec(const std::string& spec, const std::string& name) {
  const auto colon = spec.find(':');
  const auto number = [&](const std::string& key) -> std::int64_t {
    const auto at = spec.find(key + "=", colon == std::string::npos ? spec.size() : colon);
    std::int64_t value = 0;
    if (at == std::string::npos) return value;
    std::from_chars(spec.data() + at + key.size() + 1, spec.data() + spec.size(), value);
    return value;
  };
  try {
    const auto model = score_model_of(spec.substr(0, colon));
    const auto norm = model == ScoreModel::TransE ? number("norm") : 1;
    return score_shape(model, number("dim"), norm == 1 || norm == 2 ? static_cast<int>(norm) : 0);
  } catch (const Error& error) {
    refuse(name, "the model '" + spec + "' is no embedding of relations: " + error.what());
  }
}

const formats::Tensor& find(const std::vector<formats::Tensor>& tensors, const std::string& name, core::DType dtype,
                            const std::vector<std::int64_t>& shape, const std::string& source) {
  const auto found = std::ranges::find_if(tensors, [&](const auto& t) { return t.info.name == name; });
  if (found == tensors.end()) refuse(source, "there is no tensor '" + name + "'");
  if (found->info.dtype != dtype || found->info.shape != shape)
    refuse(source, "tensor '" + name + "' does not fit the names");
  return *found;
}

}  // namespace

formats::Model store_embedding(const EmbeddingModel& model, const KnowledgeBase& kb) {
  const auto dim = static_cast<std::int64_t>(model.shape.dim);
  formats::Model stored;
  stored.spec = std::string(to_string(model.shape.model)) + ":dim=" + std::to_string(dim);
  if (model.shape.model == ScoreModel::TransE) stored.spec += ",norm=" + std::to_string(model.shape.norm);
  stored.data = "triples";
  stored.classes = kb.relations.names();
  stored.vocabulary = kb.entities.names();
  std::vector<float> packed;
  pack_rows(model.shape, false, model.entity, packed);
  stored.parameters.push_back(formats::make_tensor("entity", {model.entities, dim}, std::span<const float>(packed)));
  pack_rows(model.shape, true, model.relation, packed);
  const auto width = model.shape.model == ScoreModel::Rescal ? dim * dim : dim;
  stored.parameters.push_back(
      formats::make_tensor("relation", {model.relations, width}, std::span<const float>(packed)));
  std::vector<std::int32_t> triples;
  triples.reserve(3 * kb.triples.size());
  for (const auto& t : kb.triples) triples.insert(triples.end(), {t.head, t.relation, t.tail});
  stored.buffers.push_back(formats::make_tensor("triples", {static_cast<std::int64_t>(kb.triples.size()), 3},
                                                std::span<const std::int32_t>(triples)));
  return stored;
}

StoredEmbedding load_embedding(const formats::Model& stored, const std::string& name) {
  StoredEmbedding result;
  auto& model = result.model;
  model.shape = parse_spec(stored.spec, name);
  result.entities = stored.vocabulary;
  result.relations = stored.classes;
  model.entities = static_cast<std::int32_t>(stored.vocabulary.size());
  model.relations = static_cast<std::int32_t>(stored.classes.size());
  const auto dim = static_cast<std::int64_t>(model.shape.dim);
  const auto width = model.shape.model == ScoreModel::Rescal ? dim * dim : dim;
  const auto& entity = find(stored.parameters, "entity", core::DType::Float32, {model.entities, dim}, name);
  const auto& relation = find(stored.parameters, "relation", core::DType::Float32, {model.relations, width}, name);
  for (const auto* table : {&entity, &relation}) {
    if (!core::all_finite(table->as<float>()))
      refuse(name, "tensor '" + table->info.name + "' holds a value that is no number");
  }
  unpack_rows(model.shape, false, entity.as<float>().data(), stored.vocabulary.size(), model.entity);
  unpack_rows(model.shape, true, relation.as<float>().data(), stored.classes.size(), model.relation);

  const auto buffer = std::ranges::find_if(stored.buffers, [](const auto& t) { return t.info.name == "triples"; });
  if (buffer == stored.buffers.end()) refuse(name, "there is no tensor 'triples'");
  const auto facts = buffer->info.shape.empty() ? 0 : buffer->info.shape[0];
  const auto ids = find(stored.buffers, "triples", core::DType::Int32, {facts, 3}, name).as<std::int32_t>();
  for (std::size_t i = 0; i + 2 < ids.size(); i += 3) {
    const Triple t{ids[i], ids[i + 1], ids[i + 2]};
    if (t.head < 0 || t.head >= model.entities || t.tail < 0 || t.tail >= model.entities || t.relation < 0 ||
        t.relation >= model.relations) {
      refuse(name, "tensor 'triples': row " + std::to_string(i / 3) + " holds an id out of range");
    }
    result.triples.push_back(t);
  }
  make_distinct(result.triples);
  return result;
}

}  // namespace terse::relsim
