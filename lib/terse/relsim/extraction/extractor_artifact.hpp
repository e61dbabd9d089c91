#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "terse/formats/kinds/model.hpp"
#include "terse/relsim/extraction/extractor.hpp"

namespace terse::relsim {

/// An extractor with all that it needs to read sentences (formats/model.md).
struct StoredExtractor {
  std::shared_ptr<Extractor> extractor;
  FeatureVocabulary vocabulary;
  std::vector<std::string> relations;
  std::string excluded;  ///< the relation that stands for none; empty: there is no such
};

formats::Model store_extractor(const Extractor& extractor, const FeatureVocabulary& vocabulary,
                               const std::vector<std::string>& relations, const std::string& excluded);

/// @param name  of the artifact, for messages
/// @throws Error::BadInput where the model is no extractor, or its tensors do not fit
StoredExtractor load_extractor(const formats::Model& stored, const std::string& name);

}  // namespace terse::relsim
