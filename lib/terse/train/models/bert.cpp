#include <algorithm>
#include <cmath>
#include <limits>

#include "terse/core/error.hpp"
#include "terse/train/models/models.hpp"

namespace terse::train {

namespace {

struct BertSizes {
  std::int64_t vocabulary, sequence, types, layers, hidden, heads, intermediate, classes;
  double dropout;
  bool fused, pool_first;
};

torch::nn::LayerNormOptions bert_norm(const BertSizes& sizes) {
  return torch::nn::LayerNormOptions({sizes.hidden}).eps(1e-12);
}

class BertSelfAttention : public PathModule {
 public:
  BertSelfAttention(const std::string& path, const BertSizes& sizes)
      : PathModule(path), heads_(sizes.heads), dropout_(sizes.dropout), fused_(sizes.fused) {
    query_ = make<torch::nn::LinearImpl>("query", sizes.hidden, sizes.hidden);
    key_ = make<torch::nn::LinearImpl>("key", sizes.hidden, sizes.hidden);
    value_ = make<torch::nn::LinearImpl>("value", sizes.hidden, sizes.hidden);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask) {
    const auto heads = [&](const at::Tensor& y) { return y.view({x.size(0), x.size(1), heads_, -1}).transpose(1, 2); };
    const auto attended = attend(heads(query_(x)), heads(key_(x)), heads(value_(x)), mask);
    return attended.transpose(1, 2).reshape(x.sizes());
  }

 private:
  // Fused keeps q, k, v, its result and one number a row; plain keeps the n x heads x t x t weights twice.
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask) const {
    const double dropout = is_training() ? dropout_ : 0;
    if (fused_) return at::scaled_dot_product_attention(q, k, v, mask, dropout);
    const auto scores = q.matmul(k.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(-1)));
    const auto weights = scores.masked_fill(mask.logical_not(), -std::numeric_limits<float>::infinity()).softmax(-1);
    return at::dropout(weights, dropout, is_training()).matmul(v);
  }

  std::int64_t heads_;
  double dropout_;
  bool fused_;
  Child<torch::nn::LinearImpl> query_, key_, value_;
};

/// A linear layer, dropout, and normalisation of the sum with what went around the block.
class BertOutput : public PathModule {
 public:
  BertOutput(const std::string& path, std::int64_t in, const BertSizes& sizes) : PathModule(path) {
    dense_ = make<torch::nn::LinearImpl>("dense", in, sizes.hidden);
    norm_ = make<torch::nn::LayerNormImpl>("LayerNorm", bert_norm(sizes));
    dropout_ = make<torch::nn::DropoutImpl>("dropout", sizes.dropout);
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& around) { return norm_(dropout_(dense_(x)) + around); }

 private:
  Child<torch::nn::LinearImpl> dense_;
  Child<torch::nn::LayerNormImpl> norm_;
  Child<torch::nn::DropoutImpl> dropout_;
};

class BertLayer : public PathModule {
 public:
  BertLayer(const std::string& path, const BertSizes& sizes) : PathModule(path) {
    auto attention = nest<ModuleGroup>("attention");
    attention_ = attention->nest<BertSelfAttention>("self", sizes);
    attention_output_ = attention->nest<BertOutput>("output", sizes.hidden, sizes);
    auto intermediate = nest<ModuleGroup>("intermediate");
    intermediate_ = intermediate->make<torch::nn::LinearImpl>("dense", sizes.hidden, sizes.intermediate);
    gelu_path_ = intermediate->child_path("intermediate_act_fn");
    output_ = nest<BertOutput>("output", sizes.intermediate, sizes);
  }

  bool keeps_examples_apart() const override { return true; }

  at::Tensor forward(const at::Tensor& input, const at::Tensor& mask) {
    const auto x = attention_output_(attention_(input, mask), input);
    auto hidden = intermediate_(x);
    {
      act::ModuleScope scope(gelu_path_);
      hidden = at::gelu(hidden);
    }
    return output_(hidden, x);
  }

 private:
  Child<BertSelfAttention> attention_;
  Child<BertOutput> attention_output_, output_;
  Child<torch::nn::LinearImpl> intermediate_;
  std::string gelu_path_;
};

class BertEmbeddings : public PathModule {
 public:
  BertEmbeddings(const std::string& path, const BertSizes& sizes) : PathModule(path) {
    word_ = make<torch::nn::EmbeddingImpl>("word_embeddings",
                                           torch::nn::EmbeddingOptions(sizes.vocabulary, sizes.hidden).padding_idx(0));
    position_ = make<torch::nn::EmbeddingImpl>("position_embeddings", sizes.sequence, sizes.hidden);
    type_ = make<torch::nn::EmbeddingImpl>("token_type_embeddings", sizes.types, sizes.hidden);
    norm_ = make<torch::nn::LayerNormImpl>("LayerNorm", bert_norm(sizes));
    dropout_ = make<torch::nn::DropoutImpl>("dropout", sizes.dropout);
  }

  at::Tensor forward(const at::Tensor& tokens) {
    // One sentence, so every token is of the first type.
    const auto places = position_(at::arange(tokens.size(1), tokens.options())) + type_->weight[0];
    return dropout_(norm_(word_(tokens) + places));
  }

 private:
  Child<torch::nn::EmbeddingImpl> word_, position_, type_;
  Child<torch::nn::LayerNormImpl> norm_;
  Child<torch::nn::DropoutImpl> dropout_;
};

class Bert : public Model {
 public:
  explicit Bert(const BertSizes& sizes) : sequence_(sizes.sequence), pool_first_(sizes.pool_first) {
    auto bert = nest<ModuleGroup>("bert");
    embeddings_ = bert->nest<BertEmbeddings>("embeddings", sizes);
    auto layers = bert->nest<ModuleGroup>("encoder")->nest<ModuleGroup>("layer");
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      layers_.push_back(layers->nest_block<BertLayer>(std::to_string(i), sizes));
    auto pooler = bert->nest<ModuleGroup>("pooler");
    pooler_ = pooler->make<torch::nn::LinearImpl>("dense", sizes.hidden, sizes.hidden);
    tanh_path_ = pooler->child_path("activation");
    dropout_ = make<torch::nn::DropoutImpl>("dropout", sizes.dropout);
    classifier_ = make<torch::nn::LinearImpl>("classifier", sizes.hidden, sizes.classes);
    initialise();
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    const auto& tokens = inputs.at(0);
    if (tokens.size(1) > sequence_) {
      throw Error(Error::Usage, "model bert: a batch of " + std::to_string(tokens.size(1)) +
                                    " tokens is longer than sequence=" + std::to_string(sequence_));
    }
    const auto present = tokens.ne(0);
    const auto mask = present.unsqueeze(1).unsqueeze(1);
    auto x = embeddings_(tokens);
    for (const auto& layer : layers_) x = layer(x, mask);
    x = pooler_(pool_first_ ? x.select(1, 0) : mean_of(x, present));
    {
      act::ModuleScope scope(tanh_path_);
      x = x.tanh();
    }
    return classifier_(dropout_(x));
  }

 private:
  static at::Tensor mean_of(const at::Tensor& x, const at::Tensor& present) {
    const auto weights = present.to(x.scalar_type());
    return at::bmm((weights / weights.sum(1, true).clamp_min(1)).unsqueeze(1), x).squeeze(1);
  }

  void initialise() {
    torch::NoGradGuard guard;
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* linear = module->as<torch::nn::LinearImpl>()) {
        linear->weight.normal_(0, 0.02);
        linear->bias.zero_();
      } else if (auto* table = module->as<torch::nn::EmbeddingImpl>()) {
        table->weight.normal_(0, 0.02);
        if (table->options.padding_idx()) table->weight[*table->options.padding_idx()].zero_();
      }
    }
  }

  std::int64_t sequence_;
  bool pool_first_;
  Child<BertEmbeddings> embeddings_;
  std::vector<Child<BertLayer>> layers_;
  Child<torch::nn::LinearImpl> pooler_, classifier_;
  Child<torch::nn::DropoutImpl> dropout_;
  std::string tanh_path_;
};

}  // namespace

std::shared_ptr<Model> make_bert(SpecReader& spec, const DataShape& data) {
  if (data.kind != DataShape::Kind::Tokens) throw Error(Error::Usage, "model bert takes text");
  BertSizes sizes{};
  sizes.vocabulary = spec.integer("vocabulary", data.vocabulary, 2);
  sizes.sequence = spec.integer("sequence", data.extents.at(0));
  sizes.types = spec.integer("types", 2);
  sizes.layers = spec.integer("layers", 12);
  sizes.hidden = spec.integer("hidden", 768);
  sizes.heads = spec.integer("heads", std::max<std::int64_t>(1, sizes.hidden / 64));
  sizes.intermediate = spec.integer("intermediate", 4 * sizes.hidden);
  sizes.classes = spec.integer("classes", data.classes, 2);
  sizes.dropout = spec.number("dropout", 0.1, 0, 1);
  sizes.fused = spec.choice("attention", "fused", {"fused", "plain"}) == "fused";
  sizes.pool_first = spec.choice("pool", "first", {"first", "mean"}) == "first";
  if (sizes.hidden % sizes.heads != 0) throw Error(Error::Usage, "model bert: hidden must be a multiple of heads");
  return std::make_shared<Bert>(sizes);
}

}  // namespace terse::train
