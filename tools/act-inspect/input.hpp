#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "act-inspect/options.hpp"
#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/artifact.hpp"

namespace terse::tools::act_inspect {

/// An artifact whose header is known and whose source stands at the beginning again, even where it is a pipe.
struct Input {
  formats::Header header;
  std::unique_ptr<core::ByteSource> source;
  bool seekable = false;
};

/// @throws Error::NoInput, Error::BadInput; Error::Usage where "-" is a terminal
Input open_input(const std::string& path);

/// A view of a source that stays with its owner, for a reader that wants to own one. From the beginning where
/// the source can seek.
std::unique_ptr<core::ByteSource> borrow(core::ByteSource& source);

/// Reads all of a pipe into memory, so that it can be read by name and more than once; a file stays as it is.
void make_seekable(Input& input);

/// Calls visit(reader, item) for each item, front to back; visit may take the content.
/// @return the artifact's digest
std::string for_each_item(formats::ArtifactReader& reader,
                          const std::function<void(formats::ArtifactReader&, const formats::ItemInfo&)>& visit);

/// What an artifact holds, without the tensors' elements.
struct Outline {
  std::vector<formats::ItemInfo> items;
  std::map<std::string, formats::Value> documents;
  std::string digest;
};

/// By the index in a few reads where the source can seek; else front to back, which takes all of it.
Outline outline_of(Input& input);

}  // namespace terse::tools::act_inspect
