#include <algorithm>
#include <set>
#include <utility>

#include "deletions/deletions.hpp"
#include "deletions/rows.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/held_files.hpp"
#include "tasks/rows.hpp"
#include "tasks/task_list.hpp"
#include "uploads/rows.hpp"
#include "videos/rows.hpp"

namespace video::tasks {
namespace {

constexpr std::int64_t step = 500;  // rows in one transaction

// A pending video whose upload never finished is deleted together with the partial file.
schedule::Counts sweepUpload(const Surroundings& its, const std::string& name) {
  const auto queue = [&] {
    return its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      if (rows::isPartialUpload(transaction, name)) return false;  // kept until it expires
      rows::queueMadeVideo(transaction, {name}, its.clock.now());
      return true;
    });
  };
  if (!its.blobs.removeIncoming(name, queue)) return {};
  its.deletions.wake();
  return {1, 0};
}

// Deletes old pending videos without a partial file: no upload began, or the file went when its daemon had crashed.
schedule::Counts sweepVideos(const Surroundings& its) {
  const Time now = its.clock.now();
  schedule::Counts counts;
  VideoId last;
  for (bool isMore = true; isMore;) {
    auto videos = its.database.read([&](store::Reader& reader) {
      return rows::listPending(reader, last, now - its.brokenUploadsAfter.load(), now, step);
    });
    isMore = std::cmp_equal(videos.size(), step);
    if (!videos.empty()) last = videos.back();
    // The others are swept by the age of their files.
    const std::vector<std::string> incoming = its.blobs.listIncoming(Time::max());
    const std::set<std::string> names(incoming.begin(), incoming.end());
    std::erase_if(videos, [&](const VideoId& id) { return names.contains(id.text); });
    if (videos.empty()) continue;
    counts.done += its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      std::size_t queued = 0;
      for (const VideoId& id : videos)
        queued += !its.blobs.isUnderWay(id.text) && !rows::isUploadedTo(transaction, id) &&
                          rows::queueMadeVideo(transaction, id, now)
                      ? 1
                      : 0;
      return queued;
    });
  }
  if (counts.done > 0) its.deletions.wake();
  return counts;
}

// Removes the bytes of an upload that can be resumed and has expired, and the video that was created for it. The row
// stays for a while, to tell the client.
bool expire(const Surroundings& its, const UploadId& id) {
  bool isExpired = false;
  const auto record = [&] {
    isExpired = its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const auto upload = rows::findUpload(transaction, id);
      const Time now = its.clock.now();
      if (upload && upload->expires > now) return false;  // it went on meanwhile
      if (!rows::expireUpload(transaction, id, now + toldExpired)) return false;
      if (upload && upload->madeVideo && !its.blobs.isUnderWay(upload->video.text))
        rows::queueMadeVideo(transaction, upload->video, now);
      return true;
    });
    return isExpired;
  };
  // Without a file, no byte has arrived.
  if (!its.blobs.removeIncoming(id.text, record) && !its.blobs.isUnderWay(id.text)) record();
  return isExpired;
}

schedule::Counts expireUploads(const Surroundings& its) {
  schedule::Counts counts;
  for (std::size_t done = 1; done > 0; counts.done += done) {
    const auto ids = its.database.read(
        [&](store::Reader& reader) { return rows::listExpiredUploads(reader, its.clock.now(), step); });
    done = static_cast<std::size_t>(
        std::count_if(ids.begin(), ids.end(), [&](const UploadId& id) { return expire(its, id); }));
  }
  if (counts.done > 0) its.deletions.wake();
  const auto forget = [&](store::Transaction& transaction) {
    return rows::removeEndedUploads(transaction, its.clock.now(), step);
  };
  while (its.database.write(store::Purpose::keep, forget) >= step) {
  }
  return counts;
}

// Removes interrupted uploads, whose file is unlocked and has not been written to for long, videos that have been
// pending for as long, uploads that can be resumed and have expired, and hashes of deleted videos that an import no
// longer needs.
schedule::Task make(const Surroundings& its) {
  return {"upload-sweep", 1, 1, [&its] {
            return [&its, isFirst = true](std::size_t) mutable -> std::vector<schedule::Item> {
              if (!std::exchange(isFirst, false)) return {};
              std::vector<schedule::Item> items = its.deletions.expireContents();
              for (const std::string& name : its.blobs.listIncoming(its.clock.now() - its.brokenUploadsAfter.load()))
                items.push_back([&its, name] { return sweepUpload(its, name); });
              items.push_back([&its] { return expireUploads(its); });
              items.push_back([&its] { return sweepVideos(its); });
              // Of a backup that was killed, or moved there when it had just ended.
              items.push_back([&its] {
                store::emptyHeld(its.database.directory());
                return schedule::Counts{};
              });
              return items;
            };
          }};
}

}  // namespace

TaskKind uploadSweep() {
  TaskKind kind{.name = "upload-sweep"};
  kind.timing.every = std::chrono::hours{1};
  kind.timing.jitter = std::chrono::minutes{5};
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
