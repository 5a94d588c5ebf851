#include <utility>

#include "base/error.hpp"
#include "fuzz.hpp"
#include "store/backup_manifest.hpp"

using fuzz::holds;
using namespace video;

namespace {

void run(fuzz::Input in) {
  const std::string text = in.rest();
  try {
    const store::BackupManifest manifest = store::parseManifest(text);
    holds(std::cmp_equal(manifest.head.count, manifest.files.size()), "it has as many files as it says", text);
    std::string again;
    manifest.write([&](std::string_view piece) { again += piece; });
    const store::BackupManifest same = store::parseManifest(again);
    holds(same.files.size() == manifest.files.size(), "it is read as it was written", again);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::versionMismatch, "it is refused as malformed",
          error.what());
  }
  holds(!store::isPlainPath(text) || (text.front() != '/' && text.find("//") == std::string::npos),
        "a plain path is relative", text);
}

const fuzz::Target target{"manifest", run};

}  // namespace
