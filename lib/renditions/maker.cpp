#include "renditions/maker.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "access/access.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "media/picture.hpp"
#include "media/probe.hpp"
#include "observe/log.hpp"
#include "os/priority.hpp"
#include "renditions/rows.hpp"
#include "store/blobs.hpp"

namespace video {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds lookEvery{200};     // between two looks whether the task is to stop
constexpr milliseconds firstPosition{3s};  // of a picture of a video whose duration is not known
constexpr std::int64_t transcodeStep = 500;
constexpr int looksBetweenChecks = 25;  // whether the content is still the one that was begun

// What a program printed, as a line of text.
std::string lineOf(std::string_view text) {
  constexpr std::size_t most = 500;
  std::string line = repairedUtf8(text.substr(0, most));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, ' ');
  return std::string(trimmed(line));
}

std::string sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(bytes)));
  return hash.hex();
}

// One run of a task, a step at a time. A run that is stopped is destroyed by another thread, once the step has ended.
class MakingRun {
 public:
  /// `lastOwner` is whose rendition was begun last.
  MakingRun(RenditionForm form, store::Database& database, const store::Blobs& blobs, const access::Access& access,
            const media::Ffmpeg& programs, const RenditionsOptions& options, std::shared_ptr<UserId> lastOwner)
      : form_(form),
        database_(database),
        blobs_(blobs),
        access_(access),
        programs_(programs),
        options_(options),
        files_(database.directory()),
        lastOwner_(std::move(lastOwner)) {}

  ~MakingRun() {
    child_.reset();
    giveBack();
  }
  MakingRun(const MakingRun&) = delete;
  MakingRun& operator=(const MakingRun&) = delete;

  std::optional<schedule::Counts> step() {
    try {
      os::lowerPriority(os::lowest, true);
      if (!job_) return begin();
      if (!child_->wait(lookEvery)) return look();
      const std::unique_ptr<os::SandboxedChild> ended = std::move(child_);
      if (ended->isNotStarted()) throw Error(Fault::unavailable, "ffmpeg cannot be started: " + ended->failure());
      if (ended->wasStarved()) return postpone("the machine is too busy: " + ended->failure());
      return (this->*next_)(*ended);
    } catch (const Error& error) {
      // Others may need less space.
      if (error.fault() == Fault::diskFull && job_) return postpone(error.what());
      // These are no fault of the file; the next run tries again.
      if (error.fault() == Fault::unavailable || error.fault() == Fault::databaseFailed ||
          error.fault() == Fault::busy || !job_)
        throw;
      return fail(error.what());
    }
  }

 private:
  using Next = schedule::Counts (MakingRun::*)(const os::SandboxedChild& ended);

  std::optional<schedule::Counts> begin() {
    const auto next = [&](store::Reader& reader) { return rows::nextQueued(reader, form_, began_, *lastOwner_); };
    // An idle run must not cost a transaction.
    if (!database_.read(next)) return std::nullopt;
    // Counted before it begins, so that a file that brings down the machine is not tried for ever.
    job_ = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      auto found = next(transaction);
      if (found) rows::countTries(transaction, found->id, form_, 1);
      return found;
    });
    if (!job_) return schedule::Counts{};
    ++job_->tries;
    *lastOwner_ = job_->owner;
    sweepDerived(database_, files_, job_->id);  // what a process that was killed has left
    if (job_->tries > options_.maxTries) return fail("its making was interrupted too often");
    if (!media::isReadByFfmpeg(job_->contentType)) return drop();
    input_ = blobs_.open(job_->blob);
    if (!input_) return fail("the content is missing");
    position_ = job_->durationMs ? milliseconds{*job_->durationMs / 3} : firstPosition;
    if (form_ == RenditionForm::thumbnail)
      start(media::takePicture(programs_, input_->number(), job_->contentType, position_), &MakingRun::takePicture);
    else
      start(media::listStreams(programs_, input_->number(), job_->contentType), &MakingRun::makePlayable);
    return schedule::Counts{};
  }

  // While the program runs.
  schedule::Counts look() {
    if (output_) database_.requireSpace();
    if (++looks_ % looksBetweenChecks == 0 && isStale()) {
      child_.reset();
      end();
    }
    return {};
  }

  // Whether the content was replaced or deleted meanwhile.
  bool isStale() {
    return !database_.read([&](store::Reader& reader) { return rows::hasContent(reader, job_->id, job_->blob); });
  }

  void start(os::SandboxedProgram program, Next next) {
    if (options_.processor.count() > 0) program.limits.processor = options_.processor;
    next_ = next;
    child_ = std::make_unique<os::SandboxedChild>(program);
  }

  schedule::Counts takePicture(const os::SandboxedChild& ended) {
    const std::string& bytes = ended.printed();
    const auto picture = media::readPicture(bytes);
    const std::string failure = ended.failure();
    if (bytes.empty() && position_.count() > 0) {  // the video is shorter
      position_ = {};
      start(media::takePicture(programs_, input_->number(), job_->contentType, position_), &MakingRun::takePicture);
      return {};
    }
    if (!failure.empty() || !picture) return fail(failure.empty() ? "it has no picture" : failure);
    const std::string name = rows::thumbnailName(sha256Of(bytes), picture->extension);
    database_.requireSpace(bytes.size());
    const Descriptor written = files_.write(job_->id, name, bytes);
    return finish(name);
  }

  schedule::Counts makePlayable(const os::SandboxedChild& ended) {
    if (const std::string failure = ended.failure(); !failure.empty()) return fail(failure);
    const media::PlayedStreams streams = media::readStreams(ended.printed());
    const media::MediaInfo info = media::probe(media::fileOf(*input_), job_->contentType).info;
    media::PlayPlan plan = media::planFor(job_->contentType, streams, info.faststart.value_or(false));
    if (!streams.video || (!plan.isNeeded && !job_->forced)) return drop();
    const bool encodes = options_.transcode == TranscodeMode::h264;
    if (plan.isTranscoding() && !encodes) return record(RenditionState::transcode, {});
    if (!plan.isNeeded && encodes) plan.copiesVideo = plan.copiesAudio = false;  // asked for: a smaller one
    database_.requireSpace(static_cast<std::uint64_t>(job_->size));
    name_ = fmt::format("play-{}.mp4", makeRandomHex(16));
    output_ = files_.begin(job_->id, name_);
    start(media::makePlayable(programs_, input_->number(), job_->contentType, static_cast<std::uint64_t>(job_->size),
                              output_.number(), streams, plan, options_.maxHeight),
          &MakingRun::keepPlayable);
    return {};
  }

  schedule::Counts keepPlayable(const os::SandboxedChild& ended) {
    // ffmpeg may exit with 0 although the end could not be written.
    for (const int error : {ENOSPC, EDQUOT})
      if (ended.errors().find(std::strerror(error)) != std::string::npos) return postpone(std::strerror(error));
    if (const std::string failure = ended.failure(); !failure.empty()) return fail(failure);
    const media::MediaInfo made = media::probe(media::fileOf(output_), "video/mp4").info;
    if (!made.videoCodec) return fail("what was written cannot be played: " + ended.errors());
    // Nor does it fail where it could read no more.
    if (made.durationMs && job_->durationMs && *made.durationMs < *job_->durationMs - *job_->durationMs / 10 - 1000)
      return fail(fmt::format("only {} of {} s could be read: the file may be damaged", *made.durationMs / 1000,
                              *job_->durationMs / 1000));
    if (isStale()) {
      end();
      return {};
    }
    struct stat is {};
    if (::fstat(output_.number(), &is) != 0 || is.st_size == 0) return fail("nothing was written");
    files_.finish(job_->id, name_, output_);
    return finish(std::exchange(name_, {}));
  }

  schedule::Counts finish(const std::string& name) {
    const bool kept = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      if (!rows::finishRendition(transaction, job_->id, form_, job_->blob)) return false;
      rows::setDerived(transaction, job_->id, form_, name);
      return true;
    });
    if (!kept) files_.remove(job_->id, name);  // replaced or purged meanwhile
    end();
    return {kept ? 1U : 0U, 0};
  }

  // It needs none.
  schedule::Counts drop() {
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      rows::finishRendition(transaction, job_->id, form_, job_->blob);
    });
    end();
    return {};
  }

  schedule::Counts record(RenditionState state, const std::string& error) {
    const auto delay = options_.retryDelay * (std::int64_t{1} << std::min<std::int64_t>(job_->tries - 1, 20));
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      rows::recordRenditionFailure(transaction, job_->id, form_, job_->blob, state, access_.now() + delay, error);
    });
    end();
    return {0, error.empty() ? 0U : 1U};
  }

  schedule::Counts fail(std::string_view why) {
    const std::string line = lineOf(why);
    const bool isLast = job_->tries >= options_.maxTries;
    observe::warning(isLast ? "a rendition could not be made and is given up" : "a rendition could not be made",
                     {{"video", job_->id.text}, {"form", nameOf(form_)}, {"error", line}});
    return record(isLast ? RenditionState::dead : RenditionState::waiting, line);
  }

  // What is no fault of the file is tried again, and not counted.
  schedule::Counts postpone(const std::string& why) {
    const std::string line = lineOf(why);
    observe::warning("a rendition waits", {{"video", job_->id.text}, {"form", nameOf(form_)}, {"error", line}});
    child_.reset();
    database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      rows::countTries(transaction, job_->id, form_, -1);
      rows::recordRenditionFailure(transaction, job_->id, form_, job_->blob, RenditionState::waiting,
                                   access_.now() + options_.retryDelay, line);
    });
    end();
    return {0, 1};
  }

  // The job has ended, however it did. Removes what it left, and files of the content before.
  void end() {
    const VideoId id = std::exchange(job_, std::nullopt)->id;
    removeUnfinished(id);
    input_.reset();
    sweepDerived(database_, files_, id);
  }

  void removeUnfinished(const VideoId& id) noexcept {
    if (output_ && !name_.empty()) files_.abandon(id, name_);
    output_.reset();
    name_.clear();
  }

  // A job that was stopped is as if it had not begun.
  void giveBack() noexcept try {
    if (!job_) return;
    removeUnfinished(job_->id);
    database_.write(store::Purpose::keep,
                    [&](store::Transaction& transaction) { rows::countTries(transaction, job_->id, form_, -1); });
  } catch (const std::exception&) {
    // It is one try fewer, and the sweep removes the file.
  }

  const RenditionForm form_;
  store::Database& database_;
  const store::Blobs& blobs_;
  const access::Access& access_;
  const media::Ffmpeg& programs_;
  const RenditionsOptions& options_;
  store::DerivedFiles files_;
  const std::shared_ptr<UserId> lastOwner_;
  const Time began_ = access_.now();  // what fails is due later, and left to another run
  std::optional<rows::QueuedRendition> job_;
  std::shared_ptr<const Descriptor> input_;
  milliseconds position_{};
  std::string name_;   // of the file that is being written, without `.new`
  Descriptor output_;  // that file
  int looks_ = 0;
  std::unique_ptr<os::SandboxedChild> child_;
  Next next_ = nullptr;
};

}  // namespace

std::size_t sweepDerived(store::Database& database, store::DerivedFiles& files, const VideoId& video) {
  return files.removeUnused(video, [&](const std::string& name) {
    const auto names = database.read([&](store::Reader& reader) { return rows::findDerived(reader, video); });
    return names && (name == names->thumbnail || name == names->play);
  });
}

schedule::Task makeRenditionTask(std::string name, RenditionForm form, store::Database& database,
                                 const store::Blobs& blobs, const access::Access& access, const media::Ffmpeg& programs,
                                 const RenditionsOptions& options) {
  return {std::move(name), 1, 1,
          [=, &database, &blobs, &access, &programs, &options,
           lastOwner = std::make_shared<UserId>()]() -> schedule::Dispatch {
            if (!programs.isInstalled() || (form == RenditionForm::play && options.transcode == TranscodeMode::off))
              return [](std::size_t) { return std::vector<schedule::Item>{}; };
            const auto queueMore = [&](store::Transaction& transaction) {
              return rows::queueTranscodes(transaction, access.now(), transcodeStep);
            };
            if (form == RenditionForm::play && options.transcode == TranscodeMode::h264 &&
                database.read([](store::Reader& reader) { return rows::hasTranscodes(reader); }))
              while (database.write(store::Purpose::keep, queueMore) == transcodeStep) {
              }
            auto run = std::make_shared<MakingRun>(form, database, blobs, access, programs, options, lastOwner);
            return schedule::inSteps([run] { return run->step(); });
          }};
}

}  // namespace video
