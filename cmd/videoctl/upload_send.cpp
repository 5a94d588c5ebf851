#include "upload_send.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "base/units.hpp"
#include "deletions/fields.hpp"
#include "frame/files.hpp"
#include "patience.hpp"
#include "upload_record.hpp"
#include "uploads/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

// Smaller files are sent in one request, which costs less than to ask first where to go on.
constexpr std::int64_t leastToResume = 16LL << 20;

// Returns a source that shows how much of `all` has been read, beside the `before` bytes that were sent earlier.
ByteSource showing(const ByteSource& source, Progress& progress, std::int64_t before, std::int64_t all) {
  ByteSource shown = source;
  shown.push = [&progress, push = source.push, before, all](const ByteSink& sink) {
    std::int64_t done = before;
    const auto take = [&](std::span<const std::byte> bytes) {
      sink(bytes);
      progress.show(done += static_cast<std::int64_t>(bytes.size()), all);
    };
    push({take, [&] { return sink.room(); }});
  };
  return shown;
}

// ---- in one request

// What is stored after an upload whose reply was lost. Nobody else uploads to this id, so any content is ours.
UploadStatus arrived(Caller& caller, Patience& patience, const VideoId& id) {
  for (;;) {
    UploadStatus now = patience([&] { return caller.toolkit().uploads().status(caller.by(), {id, {}, {}}); });
    if (now.ready || !now.underWay || !patience.look()) return now;
  }
}

// Creates a video and sends its content in one request. Deletes the pending video if the upload fails.
Stored sendWhole(Caller& caller, const NewVideo& wanted, const ByteSource& source, const std::string& digest,
                 const std::optional<MovedFile>& moved) {
  const SignalNote note;
  Toolkit& toolkit = caller.toolkit();
  Patience patience(caller.flags);
  const AddedVideo added = patience([&] { return toolkit.videos().add(caller.by(), wanted); });
  const VideoId& id = added.id;
  const auto known = digest.empty() ? std::nullopt : std::optional(digest);
  const auto send = [&] { return toolkit.uploads().put(caller.by(), {id, known, moved}, source).notes; };
  const auto takeAway = [&] {
    try {
      toolkit.videos().remove(caller.by(), {{id, {}}, true});
    } catch (const Error& error) {
      say(fmt::format("video {}: could not delete the unfinished upload: {}", id.text, error.what()));
    }
  };
  if (wanted.visibility && added.visibility != wanted.visibility) {
    takeAway();
    throw Error(Fault::versionMismatch, "--visibility: the server is too old for it");
  }
  try {
    return {id, source.repeatable ? patience(send) : send()};
  } catch (const Interrupted&) {
    takeAway();
    throw;
  } catch (...) {
    const std::exception_ptr failure = std::current_exception();
    if (SignalNote::came() == 0) {
      try {
        if (UploadStatus now = arrived(caller, patience, id); now.ready) return {id, std::move(now.notes)};
      } catch (const Interrupted&) {
      } catch (const Error& error) {
        if (error.fault() == Fault::unreachable || error.fault() == Fault::unavailable) {
          say(fmt::format("video {}: it is not known whether the upload arrived; run `videoctl video show {}` to see",
                          id.text, id.text));
          std::rethrow_exception(failure);
        }
      }
    }
    takeAway();
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    throw;
  }
}

// ---- in as many requests as it takes

// Decides how long to try again while a server lets nothing through.
class Outage {
 public:
  explicit Outage(const Flags& flags) : limit_(std::max(flags.timeout, flags.lockTimeout.value_or(flags.timeout))) {}

  bool hasBegun() const { return began_.has_value(); }
  void end() {
    began_.reset();
    pause_ = shortestPause;
  }
  // Waits, longer each time. Throws `error` if that has taken too long; Interrupted.
  void wait(const Error& error) {
    const auto now = std::chrono::steady_clock::now();
    if (!began_) began_ = now;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*began_ + limit_ - now);
    if (left.count() <= 0) throw Error(error);
    const std::chrono::milliseconds asked = error.retryAfter().value_or(std::chrono::seconds{0});
    waitUnlessSignal(std::min(std::max(pause_, asked), left));
    pause_ = std::min(pause_ * 2, longestPause);
  }

 private:
  static constexpr std::chrono::milliseconds shortestPause{250};
  static constexpr std::chrono::milliseconds longestPause{15'000};

  const std::chrono::milliseconds limit_;
  std::chrono::milliseconds pause_ = shortestPause;
  std::optional<std::chrono::steady_clock::time_point> began_;
};

// Whether an upload that ended so would end so again. Other failures leave it for a later run.
bool isFinal(Fault fault) {
  constexpr std::array faults{Fault::malformed, Fault::forbidden, Fault::notFound,
                              Fault::gone,      Fault::tooLarge,  Fault::unsupportedMediaType,
                              Fault::diskFull,  Fault::overQuota};
  return std::find(faults.begin(), faults.end(), fault) != faults.end();
}

class ResumableSend {
 public:
  ResumableSend(Caller& caller, const FileToSend& sent, const struct stat& what, std::int64_t chunk, Progress& progress)
      : caller_(caller),
        sent_(sent),
        identity_(identityOf(what)),
        begin_(static_cast<std::int64_t>(positionOf(*sent.file))),
        size_(what.st_size - begin_),
        chunk_(chunk > 0 ? chunk : size_),
        progress_(progress),
        record_(caller.target().address, keyOf(sent.video, identity_, begin_), sent.path) {}

  Stored run() {
    const SignalNote note;
    try {
      try {
        send();
      } catch (const Error& error) {
        const bool isUnknown = error.fault() == Fault::notFound || error.fault() == Fault::gone;
        if (!isUnknown || !upload_) throw;
        report(fmt::format("starts again, because the upload cannot be continued: {}", error.what()));
        record_.remove();
        upload_.reset();
        send();
      }
    } catch (const Interrupted&) {
      leave(isKept_);
      throw;
    } catch (const Error& error) {
      leave(isKept_ && !isFinal(error.fault()) && isUnchanged());
      throw;
    }
    record_.remove();
    return {upload_->video, notes()};
  }

 private:
  static std::string keyOf(const NewVideo& video, const std::string& identity, std::int64_t begin) {
    std::string key = begin > 0 ? fmt::format("{}:", begin) : "";
    for (const std::string& part : {video.user, video.name, toText(video.visibility), identity}) key += part + '\0';
    return key;
  }

  Uploads& uploads() { return caller_.toolkit().uploads(); }
  void report(const std::string& what) {
    progress_.hide();
    caller_.report(fmt::format("{}: {}", sent_.path, what));
  }
  bool isUnchanged() const { return identityOf(*sent_.file, sent_.path) == identity_; }

  // Continues the upload of an earlier run, or starts a new one.
  void send() {
    if (const auto earlier = record_.find()) {
      upload_.emplace().id = earlier->id;
      isKept_ = true;
      sendRest(false);
      return;
    }
    const NewUpload wanted{.video = std::nullopt,
                           .user = sent_.video.user,
                           .name = sent_.video.name,
                           .size = size_,
                           .sha256 = sent_.digest.empty() ? std::nullopt : std::optional(sent_.digest),
                           .visibility = sent_.video.visibility};
    try {
      upload_ = Patience(caller_.flags)([&] { return uploads().create(caller_.by(), wanted); });
    } catch (const Error& error) {
      if (error.fault() != Fault::notFound || error.reason() != Reason::none) throw;
      throw Error(Fault::versionMismatch, "the server is too old to continue uploads: use --no-resume");
    }
    isKept_ = record_.save(*upload_);
    sendRest(true);
  }

  // Sends what is missing; `isKnown`: the server has just said what that is.
  void sendRest(bool isKnown) {
    Outage outage(caller_.flags);
    std::int64_t most = upload_->offset;
    for (bool hasSent = false;;) {
      try {
        if (!isKnown) {
          upload_ = uploads().resume(caller_.by(), {upload_->id});
          if (!hasSent && upload_->state == UploadState::complete) requireStored();
          if (upload_->offset > 0) sayWhere(hasSent);
        }
        if (upload_->offset > most) {
          most = upload_->offset;
          outage.end();
        }
        if (upload_->state == UploadState::complete) return;
        isKnown = false;
        hasSent = true;
        upload_ = uploads().append(caller_.by(), {.id = upload_->id, .offset = upload_->offset}, nextPiece());
        isKnown = true;
      } catch (const Error& error) {
        if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
        if (error.reason() == Reason::newerRequest)
          throw Error(Fault::conflict,
                      fmt::format("{}: another process continues its upload {}", sent_.path, upload_->id.text));
        if (!rowOf(error.fault()).retryable) throw;
        if (!outage.hasBegun()) report(fmt::format("{}; trying again", error.what()));
        outage.wait(error);
      }
    }
  }

  // Returns the next piece of the file. It throws conflict rather than pass on the last byte of a file that has
  // changed.
  ByteSource nextPiece() {
    requireUnchanged();
    const std::int64_t offset = upload_->offset;
    const std::int64_t count = std::min(chunk_, size_ - offset);
    ByteSource piece = sourceOf(*sent_.file, sent_.path, static_cast<std::uint64_t>(begin_ + offset),
                                static_cast<std::uint64_t>(count));
    piece.push = [this, push = piece.push, offset](const ByteSink& sink) {
      std::int64_t done = offset;
      push([&](std::span<const std::byte> bytes) {
        done += static_cast<std::int64_t>(bytes.size());
        if (done == size_) requireUnchanged();
        sink(bytes);
      });
    };
    return showing(piece, progress_, offset, size_);
  }

  void requireUnchanged() const {
    if (!isUnchanged()) throw Error(Fault::conflict, fmt::format("{}: changed while it was uploaded", sent_.path));
  }

  void sayWhere(bool hasSent) {
    if (!hasSent) progress_.resumeAt(upload_->offset);
    report(fmt::format("continues at {} of {}", formatSize(static_cast<std::uint64_t>(upload_->offset)),
                       formatSize(static_cast<std::uint64_t>(size_))));
  }

  // Throws gone if the video of a complete upload was deleted.
  void requireStored() {
    try {
      if (uploads().status(caller_.by(), {upload_->video, {}, {}}).ready) return;
    } catch (const Error& error) {
      if (error.fault() != Fault::notFound && error.fault() != Fault::conflict) throw;
    }
    throw Error(Fault::gone, fmt::format("upload {}: its video was deleted", upload_->id.text));
  }

  std::vector<std::string> notes() {
    try {
      return uploads().status(caller_.by(), {upload_->video, {}, {}}).notes;
    } catch (const Error&) {
      return {};  // the video is stored, whatever happens now
    }
  }

  // Says what is left of an upload that failed, or removes it.
  void leave(bool isKept) {
    if (!upload_) return;
    progress_.hide();
    const std::string& id = upload_->id.text;
    if (isKept) {
      const std::string until = upload_->expires == Time{} ? "" : " at least until " + formatTime(upload_->expires);
      say(
          fmt::format("{}: not complete; run the same command again to continue. Upload {} is kept{}; `videoctl upload "
                      "abort {}` removes it",
                      sent_.path, id, until, id));
      return;
    }
    record_.remove();
    try {
      uploads().abort(caller_.by(), {upload_->id});
    } catch (const Error& error) {
      if (error.fault() != Fault::notFound)
        say(fmt::format("{}: could not remove the unfinished upload {}: {}", sent_.path, id, error.what()));
    }
  }

  Caller& caller_;
  const FileToSend& sent_;
  const std::string identity_;
  const std::int64_t begin_;  ///< where the bytes to send begin in the file
  const std::int64_t size_;
  const std::int64_t chunk_;  ///< most bytes of a request
  Progress& progress_;
  const UploadRecord record_;
  std::optional<ResumableUpload> upload_;
  bool isKept_ = false;  ///< a later run finds it
};

}  // namespace

Stored sendFile(Caller& caller, const UploadVideos& wanted, const FileToSend& sent, Progress& progress) {
  struct stat what {};
  if (::fstat(sent.file->number(), &what) != 0) throwFileError(sent.path, errno);
  const std::int64_t chunk = wanted.chunkSize.value_or(0);
  const std::int64_t least = chunk > 0 ? std::min(chunk, leastToResume) : leastToResume;
  const bool isDirect = caller.target().kind == Target::Kind::direct;
  if (!isDirect && !wanted.noResume && S_ISREG(what.st_mode) &&
      what.st_size - static_cast<std::int64_t>(positionOf(*sent.file)) >= least)
    return ResumableSend(caller, sent, what, chunk, progress).run();
  const ByteSource source = sourceOf(*sent.file, sent.path);
  const auto all = static_cast<std::int64_t>(source.size.value_or(0));
  return sendWhole(caller, sent.video, showing(source, progress, 0, all), sent.digest,
                   wanted.move && isDirect ? std::optional(MovedFile{sent.file, sent.remove}) : std::nullopt);
}

}  // namespace video::ctl
