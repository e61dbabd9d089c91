#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "terse/act/tensor/torch.hpp"

namespace terse::train {

/// Hash of a data set's content (xxh3, 128 bits), so that a resumed run notices other data.
class ContentDigest {
 public:
  ContentDigest();
  ~ContentDigest();
  ContentDigest(const ContentDigest&) = delete;
  ContentDigest& operator=(const ContentDigest&) = delete;

  /// One item; where items end is part of the content.
  void add(std::string_view text);
  void add(const at::Tensor& contiguous);
  /// The next part of one long item.
  void append(std::string_view part);
  /// 32 hexadecimal digits.
  std::string finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace terse::train
