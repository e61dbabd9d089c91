#include "relsim-score/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/descriptor.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::relsim_score {
namespace {

/// A text that another program can read as a file, while this lives. It lies in no folder.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& text) : descriptor_(memfd_create("terse-plot", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw Error(Error::OutOfMemory, "a plot: no memory for its data");
    core::DescriptorWriter writer(descriptor_, "a plot's data", /*owned=*/false);
    writer.write(core::as_bytes(text.data(), text.size()));
    writer.flush();
    lseek(descriptor_, 0, SEEK_SET);
  }
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  MemoryFile(MemoryFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  MemoryFile& operator=(MemoryFile&&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// What gnuplot writes to its standard output; nothing where it is missing or fails.
/// @param script  its standard input
/// @param data    its descriptors from `first` on
std::string run_gnuplot(const MemoryFile& script, const std::vector<MemoryFile>& data, int first) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error(Error::OutOfMemory, "no pipe for gnuplot");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, script.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  for (std::size_t i = 0; i < data.size(); ++i) {
    posix_spawn_file_actions_adddup2(&actions, data[i].descriptor(), first + static_cast<int>(i));
  }
  std::array<std::string, 3> words = {"gnuplot", "--default-settings", "-"};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  const int failure = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string drawn;
  std::array<char, 65536> block;
  ssize_t got = 0;
  while (failure == 0 && (got = read(ends[0], block.data(), block.size())) != 0) {
    if (got > 0) drawn.append(block.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  close(ends[0]);
  if (failure != 0) return {};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? drawn : std::string();
}

/// The script with each name in quotes in place of which `by` stands.
void replace_name(std::string& script, const std::string& name, const std::string& by) {
  const std::string quoted = "'" + name + "'";
  for (std::size_t at = 0; (at = script.find(quoted, at)) != std::string::npos; at += by.size()) {
    script.replace(at, quoted.size(), by);
  }
}

}  // namespace

std::string plot_field(const std::string& name) {
  std::string field = name;
  for (char& c : field) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (c == '"') c = '\'';  // would begin a quoted field
  }
  return field;
}

void write_plot(const std::string& script, const std::map<std::string, std::string>& data, const std::string& path) {
  std::string commands = "set datafile separator '\t'\nset datafile commentschars ''\n" + script;
  std::vector<MemoryFile> files;
  for (const auto& [name, text] : data) files.emplace_back(text);
  int first = STDERR_FILENO + 2;  // behind the files' own descriptors, so that none takes the place of another
  for (const MemoryFile& file : files) first = std::max(first, file.descriptor() + 1);
  int number = first;
  for (const auto& [name, text] : data) replace_name(commands, name, "'/dev/fd/" + std::to_string(number++) + "'");
  const std::string svg = run_gnuplot(MemoryFile(commands), files, first);
  if (svg.empty()) throw Error(Error::Usage, "a plot needs gnuplot, which is missing or failed");
  const auto sink = core::open_sink(path, core::Content::Text);
  core::write_text(*sink, svg);
  sink->finish();
}

}  // namespace terse::tools::relsim_score
