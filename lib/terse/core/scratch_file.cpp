#include "terse/core/scratch_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "terse/core/atomic_file.hpp"
#include "terse/core/descriptor.hpp"

namespace terse::core {

namespace {

int open_unnamed(const std::string& neighbour) {
  const std::string folder = std::filesystem::path(output_target(neighbour)).parent_path().string();
  int descriptor = ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  std::string name = folder + "/.scratch.XXXXXX";  // a file system that has only named ones
  descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) throw_output_failed(neighbour, errno);
  ::unlink(name.c_str());
  return descriptor;
}

}  // namespace

ScratchFile::ScratchFile(const std::string& neighbour) : descriptor_(open_unnamed(neighbour)) {}

ScratchFile::~ScratchFile() { ::close(descriptor_); }

std::string ScratchFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

std::unique_ptr<ByteSink> ScratchFile::sink() const { return open_sink(path(), Content::Binary); }

std::unique_ptr<ByteSource> ScratchFile::source() const { return open_source(path()); }

}  // namespace terse::core
