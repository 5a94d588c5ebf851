#include <fmt/format.h>

#include <algorithm>

#include "access/access.hpp"
#include "base/address.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "comments/rows.hpp"
#include "store/directory.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"
#include "views/make.hpp"
#include "views/rows.hpp"
#include "views/watchers.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

constexpr std::chrono::hours countsAgainAfter{24};
// A comment may be committed a little after its time.
constexpr std::chrono::seconds danmakuDelay{1};
// An earlier position is not worth saving.
constexpr std::int64_t leastSavedMs = 5000;
constexpr std::int64_t longestWatchedMs = 1000LL * 60 * 60 * 1000;

class DirectoryViews : public Views {
 public:
  DirectoryViews(store::Database& database, access::Access& access) : database_(database), access_(access) {}

  Watching watch(const Credential& by, const WatchVideo& wanted) override {
    const auto check = [](std::string_view field, std::int64_t ms) {
      if (ms < 0 || ms > longestWatchedMs)
        throw Error(Fault::malformed, fmt::format("{}: must be 0 to {}", field, longestWatchedMs));
    };
    check("position_ms", wanted.positionMs);
    check("duration_ms", wanted.durationMs.value_or(0));
    const Identity who = access_.identify(by);
    access::require(who, rights::viewsWatch);
    bool keepsHistory = false;
    const auto video = database_.read([&](store::Reader& reader) {
      keepsHistory = who.isUser() && rows::keepsHistory(reader, who.user);
      return requireReady(reader, by, who, wanted.video);
    });
    const bool isEnded = wanted.ended.value_or(false);
    const WatchSign sign{.video = wanted.video,
                         .viewer = viewerOf(who, wanted),
                         .positionMs = wanted.positionMs,
                         .durationMs = video.durationMs ? video.durationMs : wanted.durationMs,
                         .isDurationClaimed = !video.durationMs,
                         .isEnded = isEnded,
                         .isPaused = wanted.paused.value_or(false),
                         .isWorthSaving = keepsHistory && (isEnded || wanted.positionMs >= leastSavedMs)};
    const WatchStep step = watchers_.note(sign);
    const std::string viewer = step.counts ? storedViewer(sign) : std::string();
    const Time now = access_.now();
    const Time since = now - countsAgainAfter;
    const bool counts = step.counts && !database_.read([&](store::Reader& reader) {
      return rows::wasCounted(reader, wanted.video, viewer, since);
    });
    const auto save = [&] {
      database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
        const Identity its = access_.identify(transaction, by);
        requireReady(transaction, by, its, wanted.video);
        if (counts) rows::countView(transaction, wanted.video, viewer, since, now);
        if (!step.saves) return;
        HistoryEntry entry;
        entry.video = wanted.video;
        entry.positionMs = wanted.positionMs;
        entry.ended = isEnded;
        entry.time = now;
        rows::savePosition(transaction, its.user, entry);
      });
    };
    try {
      if (step.saves || counts) save();
      if (step.counts) watchers_.setCounted(sign);
      if (step.saves) watchers_.setSaved(sign);
    } catch (const Error& error) {
      // Watching must go on, and the comments of others must arrive, even if nothing can be saved.
      if (error.fault() != Fault::diskFull) throw;
    }
    Watching reply = danmakuSince(video, wanted.cursor);
    reply.watching = step.watching;
    return reply;
  }

  ResumePoint resume(const Credential& by, const ResumeQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::viewsResume);
    return database_.read([&](store::Reader& reader) {
      requireReady(reader, by, who, wanted.video);
      ResumePoint point;
      if (const auto entry = who.isUser() ? rows::findHistory(reader, who.user, wanted.video) : std::nullopt) {
        point.positionMs = entry->positionMs;
        if (entry->ended) point.ended = true;
      }
      point.watching = watchers_.watching(wanted.video);
      return point;
    });
  }

  Page<HistoryEntry> history(const Credential& by, const HistoryQuery& wanted) override {
    const Identity who = access_.identify(by);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto user = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::viewsHistory, user, noSuchUser(wanted.user));
      Page<HistoryEntry> page = rows::listHistory(reader, *user, wanted);
      for (HistoryEntry& entry : page.items) {
        const auto video = rows::findVideo(reader, entry.video);
        if (!video || !access_.mayView(who, video->view())) continue;
        entry.name = video->name;
        entry.author = video->author;
        entry.durationMs = video->durationMs;
      }
      return page;
    });
  }

  void clear(const Credential& by, const ClearHistory& wanted) override {
    constexpr std::int64_t step = 500;
    const auto removeSome = [&](store::Transaction& transaction) -> std::int64_t {
      const auto user = rows::findUserId(transaction, wanted.user);
      access::requireOn(access_.identify(transaction, by), rights::viewsClear, user, noSuchUser(wanted.user));
      if (!wanted.video) return rows::removeHistoryOf(transaction, *user, step);
      rows::removeHistory(transaction, *user, *wanted.video);
      return 0;
    };
    while (database_.write(store::Purpose::keep, removeSome) == step) {
    }
  }

 private:
  rows::StoredVideo requireReady(store::Reader& reader, const Credential& by, const Identity& who, const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access_.requireView(reader, by, who, id, rows::viewOf(video), rows::noSuchVideo(id));
    if (video->state != VideoState::ready) throw rows::noSuchVideo(id);
    return *std::move(video);
  }

  // An account, or an address with a browser. Clients choose their User-Agent, so an address has at most eight viewers.
  static std::string viewerOf(const Identity& who, const WatchVideo& wanted) {
    if (who.isUser()) return fmt::format("user {}", who.user.value);
    return fmt::format("{} {}", addressKey(wanted.address), stableHash(wanted.agent) % 8);
  }

  // What is stored of a counted viewer: a hash that nobody can compute without the directory's key.
  std::string storedViewer(const WatchSign& sign) {
    Sha256 hash;
    const std::string key = database_.directory().signingKey().read();
    for (const std::string* part : {&key, &sign.video.text, &sign.viewer}) {
      hash.add(std::as_bytes(std::span(*part)));
      hash.add(std::as_bytes(std::span(std::string_view("\n"))));
    }
    return hash.hex().substr(0, 32);
  }

  Watching danmakuSince(const Video& video, const std::optional<std::string>& cursor) {
    constexpr std::int64_t most = 200;
    constexpr std::chrono::milliseconds tick{1};
    const Time until = access_.now() - danmakuDelay;
    Watching reply;
    Time next = until;
    if (cursor) {
      std::int64_t ms = 0;
      readText(readCursor(*cursor, 1)[0], "cursor", ms);
      const Time from{std::chrono::milliseconds{std::clamp<std::int64_t>(ms, 0, until.time_since_epoch().count())}};
      next = from;
      if (!video.danmakuOff.value_or(false) && from < until) {
        Page<Comment> page = database_.read(
            [&](store::Reader& reader) { return rows::listLiveComments(reader, video.id, from, until, most); });
        // Others may have been posted in the same millisecond as the last one.
        next = page.nextCursor ? std::max(from + tick, page.items.back().time - tick) : until;
        reply.comments = std::move(page.items);
      } else {
        next = until;
      }
    }
    reply.cursor = makeCursor({fmt::to_string(next.time_since_epoch().count())});
    return reply;
  }

  store::Database& database_;
  access::Access& access_;
  Watchers watchers_;
};

}  // namespace

std::unique_ptr<Views> makeLocalViews(store::Database& database, access::Access& access) {
  return std::make_unique<DirectoryViews>(database, access);
}

}  // namespace video
