#pragma once

#include <map>
#include <string>

#include "terse/act/tensor/torch.hpp"
#include "terse/formats/foreign/zip_reader.hpp"
#include "terse/train/exported/graph.hpp"

namespace terse::train::exported {

/// A .pt2 file: the program and its tensors. The pickles beside them (sample inputs, weights of tensor subclasses)
/// are never opened.
class Archive {
 public:
  /// @throws Error::NoInput, Error::BadInput
  explicit Archive(const std::string& path);

  const std::string& path() const { return path_; }
  Graph graph();

  /// Parameters, buffers and constants by PyTorch's names. Names that share a record and a layout (tied weights)
  /// share one tensor. Parameters require grad where they did in PyTorch.
  /// @throws Error::BadInput naming the record, also for pickled ones
  std::map<std::string, at::Tensor> tensors();

 private:
  core::Bytes read_text(const std::string& record);
  const formats::ZipEntry& entry(const std::string& record) const;
  void check_format();
  void load(const std::string& folder, const std::string& index, std::map<std::string, at::Tensor>& into);
  at::Tensor load_flat(const std::string& record, core::DType dtype);

  std::string path_;
  formats::ZipReader zip_;
  std::string root_;   ///< folder that holds everything, with its slash
  std::string model_;  ///< name of the one model
};

}  // namespace terse::train::exported
