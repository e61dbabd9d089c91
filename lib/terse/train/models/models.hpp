#pragma once

#include <memory>
#include <string>
#include <vector>

#include "terse/train/base/data_shape.hpp"
#include "terse/train/base/path_module.hpp"
#include "terse/train/base/spec.hpp"

// The built-in models. Each takes its keys from a SpecReader, its defaults (classes, channels, image size, vocabulary)
// from the data, and initialises its parameters as PyTorch or torchvision does, from LibTorch's default generator.
namespace terse::train {

/// Linear layers with ReLU and dropout between. Keys: hidden (widths joined by 'x'), dropout, classes.
/// Names and layout: torchvision.ops.MLP ("0.weight", "3.weight").
std::shared_ptr<Model> make_mlp(SpecReader& spec, const DataShape& data);

/// ResNet of `depth` 18, 34, 50, 101 or 152 layers. Keys: classes, channels, stem (imagenet: 7x7 stride 2 and max
/// pooling; small: 3x3 stride 1; the default follows the image size). Names: torchvision.
/// Source: He et al., CVPR 2016; the stride of a bottleneck is in its 3x3 convolution, as in torchvision.
std::shared_ptr<Model> make_resnet(int depth, SpecReader& spec, const DataShape& data);

/// VGG of `depth` 11, 13, 16 or 19 layers, with batch normalisation or without. Keys: classes, channels, dropout, pool
/// (extent of the adaptive pooling before the classifier, 7), image (resized to; default: the data's size, 32 at
/// least). Names: torchvision.
/// Source: Simonyan & Zisserman, ICLR 2015.
std::shared_ptr<Model> make_vgg(int depth, bool batch_norm, SpecReader& spec, const DataShape& data);

/// Vision transformer. Keys: classes, channels, image (resized to), patch, dim, depth, heads, mlp, dropout; the
/// defaults are torchvision's vit_b_16 but for image and patch, which follow the data. Names: torchvision. Source:
/// Dosovitskiy et al., ICLR 2021.
std::shared_ptr<Model> make_vit(SpecReader& spec, const DataShape& data);

/// Swin transformer: `name` is swin_t, swin_s or swin_b. Keys: classes, channels, patch, window, dim, depths, heads
/// (one a stage, joined by 'x'), stochastic_depth; the defaults are torchvision's but for patch, which is 2 for images
/// of up to 64. Names: torchvision. Source: Liu et al., ICCV 2021.
std::shared_ptr<Model> make_swin(const std::string& name, SpecReader& spec, const DataShape& data);

/// Image segmentation on a ResNet of `depth` 50 or 101 layers, its last two stages dilated. Keys: classes, channels,
/// stem (as of ResNet), dropout. Names: torchvision's fcn_resnet50 without the auxiliary classifier.
/// Source: Long et al., CVPR 2015.
std::shared_ptr<Model> make_fcn(int depth, SpecReader& spec, const DataShape& data);

/// BERT for the classification of sentences. Keys: classes, vocabulary, sequence (most tokens), types, layers, hidden,
/// heads, intermediate, dropout, attention (fused, plain), pool (first: the first token, which is [CLS] in BERT's own
/// vocabulary; mean: all tokens). The defaults are BERT-base's. Names: BertForSequenceClassification of Transformers.
/// Source: Devlin et al., NAACL 2019.
std::shared_ptr<Model> make_bert(SpecReader& spec, const DataShape& data);

/// Transformer encoder over tokens, mean over the positions that are no padding, one linear layer. Keys: classes,
/// vocabulary, length, dim, depth, heads, mlp, dropout. Names of the layers: torch.nn.TransformerEncoder.
std::shared_ptr<Model> make_text_encoder(SpecReader& spec, const DataShape& data);

/// Graph convolution network. Keys: features, classes, hidden, depth, dropout. Names: GCNConv of PyTorch Geometric.
/// Source: Kipf & Welling, ICLR 2017.
std::shared_ptr<Model> make_gcn(SpecReader& spec, const DataShape& data);

/// GraphSAGE with the mean of all neighbours. Keys: features, classes, hidden, depth, dropout. Names: SAGEConv of
/// PyTorch Geometric.
/// Source: Hamilton et al., NeurIPS 2017.
std::shared_ptr<Model> make_graphsage(SpecReader& spec, const DataShape& data);

/// Graph attention network. Keys: features, classes, hidden (of a head), depth, heads, output_heads, dropout (of
/// features and of attention), slope (of the leaky ReLU). Names: GATConv of PyTorch Geometric.
/// Source: Velickovic et al., ICLR 2018.
std::shared_ptr<Model> make_gat(SpecReader& spec, const DataShape& data);

/// Deep graph convolution with initial residuals and identity maps. Keys: features, classes, hidden, depth, dropout,
/// alpha, theta. Names: GCN2Conv of PyTorch Geometric, in the layout of its example ("lins.0.weight",
/// "convs.0.weight1"). Source: Chen et al., ICML 2020.
std::shared_ptr<Model> make_gcnii(SpecReader& spec, const DataShape& data);

/// Names that make_model() knows: "mlp", "resnet18", …
std::vector<std::string> model_names();

/// The built-in model spec.name for `data`.
/// @param resolved  set to the spec with every key, defaults included: what a model artifact records
/// @throws Error::Usage for an unknown name or key, or a model that cannot take the data
std::shared_ptr<Model> make_model(const Spec& spec, const DataShape& data, Spec& resolved);

/// {c, h, w} of image data. @throws Error::Usage where the data are no images with one label each
std::vector<std::int64_t> image_extents(const DataShape& data, const std::string& model);

/// Features of a node. @throws Error::Usage where the data are no graph
std::int64_t graph_features(const DataShape& data, const std::string& model);

/// x resized bilinearly to {h, w}, or x itself where it has that size.
at::Tensor resize_images(const at::Tensor& x, const std::vector<std::int64_t>& size);

}  // namespace terse::train
