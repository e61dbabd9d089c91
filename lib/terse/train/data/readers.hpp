#pragma once

#include <cstdint>

#include "terse/train/data/data.hpp"

// One reader a kind of data; load_data() chooses. Each takes its keys from the reader and fills all of Data but `spec`.
namespace terse::train {

/// Images in IDX files (`train-images-idx3-ubyte[.gz]` and its three companions) of one folder, scaled to [0, 1] and
/// normalised by the mean and deviation of the training images. Keys: train, test (use the first N images only).
Data read_idx_folder(SpecReader& spec, const std::string& folder);

/// The same for Debian's Fashion-MNIST, with its class names.
Data read_fashion_mnist(SpecReader& spec, const std::string& folder);

/// Sentences and labels, `sentence<TAB>label` a line. Words are split at blanks; the vocabulary is built from the
/// training file: id 0 pads, 1 is any other word, then by falling frequency. Keys: dev (file to evaluate on),
/// vocabulary (most ids), length (tokens kept of a sentence).
Data read_text(SpecReader& spec, const std::string& file);

/// A graph whose nodes are classified, as one batch: features.tsv `node<TAB>index:value…`, edges.tsv, labels.tsv and
/// splits.tsv (train, valid or test; other nodes are neither trained nor evaluated on). Features of a node are scaled
/// to sum 1. Keys: evaluate (test, valid).
Data read_graph(SpecReader& spec, const std::string& folder);

/// Arrays of a NumPy .npz or a .safetensors file, told apart by content: x [n, …] and y [n] integers, and for the
/// evaluation x_test, y_test where present. x of floating numbers is taken as it is, of uint8 scaled to [0, 1], of
/// other integers [n, t] as token ids (0 pads). Images [n, c, h, w] may have a label a pixel, y [n, h, w]. A label of
/// -100, or of 255 in y of a byte a pixel, does not count.
Data read_tensors(SpecReader& spec, const std::string& file);

/// Normal numbers of a shape as 3x128x128, and uniform labels; or token ids where vocabulary is given. Keys: classes,
/// count, test, vocabulary, labels (one an image, or pixels: one a pixel).
Data make_random(SpecReader& spec, const std::string& shape, std::uint64_t seed);

}  // namespace terse::train
