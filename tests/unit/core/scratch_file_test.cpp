#include "terse/core/scratch_file.hpp"

#include "temporary_folder.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using test::bytes_of;
using test::TemporaryFolder;

TEST_CASE("a scratch file is written, then read, and is never seen") {
  const TemporaryFolder folder;
  {
    const ScratchFile scratch(folder.file("neighbour"));
    const auto sink = scratch.sink();
    sink->write(bytes_of("content"));
    sink->finish();
    CHECK(folder.entries() == 0);
    for (int i = 0; i < 2; ++i) {
      const auto source = scratch.source();
      CHECK(source->size() == 7u);
      const Bytes bytes = read_all(*source, 100);
      CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == "content");
    }
  }
  CHECK(folder.entries() == 0);
  CHECK(test::throws(Error::OutputFailed, "missing", [&] { ScratchFile(folder.file("missing/file")); }));
}
