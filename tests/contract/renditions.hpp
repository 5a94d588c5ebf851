#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "catch.hpp"
#include "contract/site.hpp"
#include "media/ffmpeg.hpp"
#include "temp.hpp"
#include "wait.hpp"

namespace video::test {

/// Tasks run only on request, with the ffmpeg that is installed.
inline void withFfmpeg(Settings& settings) {
  idle(settings);
  settings.renditions.programs.reset();
  settings.renditions.retryDelay = std::chrono::milliseconds{1};
}

inline bool hasFfmpeg() {
  if (media::installedFfmpeg().isInstalled()) return true;
  WARN("skipped: ffmpeg is not installed");
  return false;
}

/// Runs a task to its end.
inline void run(Site& site, const std::string& task) {
  Tasks& tasks = site.at(Operator{}).tasks();
  const TaskAsked asked = tasks.run(Operator{}, {task});
  waitFor(task + " has run", [&] {
    const TaskStatus status = tasks.show(Operator{}, {task});
    return status.lastRun && *status.lastRun >= asked.asked && status.state != TaskState::running;
  });
}

inline std::string fileMade(const std::string& name, const std::string& options) {
  const TempDirectory folder;
  const std::string path = (folder / name).string();
  REQUIRE(
      ::system(("ffmpeg -v error -y -f lavfi -i testsrc=s=320x240:d=1:r=10 " + options + " '" + path + "'").c_str()) ==
      0);
  return bytesOf(path);
}

inline Video shown(Site& site, const VideoId& id) {
  return site.at(Operator{}).videos().show(Operator{}, {id, {}});
}

inline std::optional<Rendition> renditionOf(Site& site, const VideoId& id, RenditionForm form) {
  for (const Rendition& one : site.at(Operator{}).renditions().list(Operator{}, {id}).items)
    if (one.form == form) return one;
  return std::nullopt;
}

inline std::size_t derivedFiles(Site& site) {
  return countFiles(site.data() / "derived");
}

}  // namespace video::test
