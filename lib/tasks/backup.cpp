#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "base/clock.hpp"
#include "observe/log.hpp"
#include "os/priority.hpp"
#include "store/backup_writer.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// One set, made in steps, so that the task can be stopped between two of them: then there is no set, and the next
// backup removes what was made of it, for which a daemon that stops has no time.
class BackupRun {
 public:
  explicit BackupRun(const Surroundings& its) : its_(its), plan_(its.backupPlan()) {}

  ~BackupRun() {
    if (folder_) folder_->leave();
  }
  BackupRun(const BackupRun&) = delete;
  BackupRun& operator=(const BackupRun&) = delete;

  // Nothing once the set is finished.
  std::optional<schedule::Counts> step() try {
    os::lowerPriority(os::lowest, true);
    if (isOver_) return std::nullopt;
    if (!writer_) begin();
    if (writer_->step()) return schedule::Counts{};
    isOver_ = true;
    const store::BackupWriter::Tally& tally = writer_->tally();
    observe::info("backup finished", {{"path", folder_->path().string()},
                                      {"files", tally.files},
                                      {"reused", tally.reused},
                                      {"bytes", static_cast<std::int64_t>(tally.bytes)},
                                      {"pauses", tally.pauses}});
    for (const store::BackupFinding& one : tally.problems)
      observe::warning("backup: a content is " + one.kind, {{"path", one.path}, {"error", one.detail}});
    const schedule::Counts counts{1, tally.problems.size()};
    const std::string made = folder_->path().filename();
    end();  // others may begin a backup; removing old sets takes a while
    store::keepNewestBackups(its_.database.directory().files(), plan_.to, static_cast<std::size_t>(plan_.keep), made);
    return counts;
  } catch (...) {
    end();
    throw;
  }

 private:
  void end() {
    writer_.reset();
    sink_.reset();
    folder_.reset();
  }

  void begin() {
    store::DataDirectory& directory = its_.database.directory();
    const std::filesystem::path to = plan_.to;
    store::requireOutside(directory.path(), to);
    std::error_code ignored;  // what is missing is said below
    if (std::filesystem::create_directory(to, ignored))
      std::filesystem::permissions(to, std::filesystem::perms::owner_all, ignored);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(systemClock().now()).time_since_epoch().count();
    folder_ = std::make_unique<store::BackupFolder>(directory.files(), to / store::backupNameOf(seconds));
    sink_ = store::makeFolderSink(*folder_);
    writer_ = std::make_unique<store::BackupWriter>(directory, *sink_, systemClock(), std::chrono::milliseconds{0},
                                                    [this](std::uint64_t bytes) { its_.database.requireSpace(bytes); });
  }

  const Surroundings& its_;
  const BackupPlan plan_;
  std::unique_ptr<store::BackupFolder> folder_;
  std::unique_ptr<store::BackupSink> sink_;
  std::unique_ptr<store::BackupWriter> writer_;
  bool isOver_ = false;
};

schedule::Task make(const Surroundings& its) {
  return {"backup", 1, 1,
          [&its] { return schedule::inSteps([run = std::make_shared<BackupRun>(its)] { return run->step(); }); }};
}

}  // namespace

TaskKind backup() {
  TaskKind kind{.name = "backup"};
  kind.timing.enabled = false;
  kind.timing.cron = "15 3 * * *";
  kind.timing.timeout = {};  // it would have to begin again
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
