#pragma once

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "catch.hpp"
#include "temp.hpp"

namespace video::test {

/// A folder with programs that take the place of ffmpeg's.
class Programs {
 public:
  /// `script` is for bash.
  explicit Programs(const std::string& script) {
    for (const char* name : {"ffmpeg", "ffprobe"}) {
      std::ofstream(folder_ / name) << "#!/bin/bash\n" << script << '\n';
      REQUIRE(::chmod((folder_ / name).c_str(), 0700) == 0);
    }
  }
  std::string folder() const { return folder_.path().string(); }

 private:
  TempDirectory folder_;
};

}  // namespace video::test
