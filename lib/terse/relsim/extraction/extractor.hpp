#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "terse/act/tensor/torch.hpp"
#include "terse/core/philox.hpp"
#include "terse/relsim/extraction/sentence_features.hpp"

namespace terse::relsim {

enum class ExtractorKind {
  PaLstm,       ///< position-aware attention over an LSTM (Zhang et al., EMNLP 2017)
  Transformer,  ///< a small encoder with learned distances to both entities in place of positions
};

struct ExtractorShape {
  ExtractorKind kind = ExtractorKind::PaLstm;
  std::int64_t words = 0, tags = 0,
               entities = 0;  ///< numbers in use, padding and the unknown included; 0: no such feature
  std::int64_t relations = 0;
  std::int64_t word_dim = 50, label_dim = 10, distance_dim = 10;
  std::int64_t hidden = 100;           ///< of the LSTM or the encoder
  std::int64_t layers = 2, heads = 4;  ///< of the encoder
  double dropout = 0.5;
};

/// Random choices of one training step: what is dropped.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  bool training = false;
};

/// Logits of relations for sentences. Parameters are random by shape and seed alone.
class Extractor : public torch::nn::Module {
 public:
  Extractor(const ExtractorShape& shape, std::uint64_t seed);
  /// @return [n, relations]
  at::Tensor forward(const SentenceBatch& batch, const DropoutKey& key);
  const ExtractorShape& shape() const { return shape_; }
  /// Whether training passes keep what an act::Compression can compress (act::lstm), for some more time.
  void set_compressible(bool compressible) { compressible_ = compressible; }

 private:
  at::Tensor make(const std::string& name, at::IntArrayRef sizes, double bound, double middle = 0);
  at::Tensor make_linear(const std::string& name, std::int64_t in, std::int64_t out);
  at::Tensor linear(const std::string& name, const at::Tensor& x);
  at::Tensor norm(const std::string& name, const at::Tensor& x);
  at::Tensor dropped(const at::Tensor& x, const DropoutKey& key, const char* place) const;
  at::Tensor inputs(const SentenceBatch& batch, const DropoutKey& key);
  at::Tensor lstm(const SentenceBatch& batch, const DropoutKey& key);
  at::Tensor transformer(const SentenceBatch& batch, const DropoutKey& key);
  at::Tensor attention(const std::string& layer, const at::Tensor& x, const at::Tensor& blocked);

  ExtractorShape shape_;
  std::uint64_t seed_;
  bool compressible_ = false;
};

/// "pa-lstm" and "transformer".
ExtractorKind extractor_kind_of(std::string_view name);
std::string_view to_string(ExtractorKind kind);

}  // namespace terse::relsim
