#include "subtitles/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"

namespace video::rows {
namespace {

Subtitle subtitleOf(const store::Query& row, const VideoId& video) {
  std::string lang(row.text(0));
  std::string url = fmt::format("/videos/{}/subtitles/{}", video.text, lang);
  return {std::move(lang), std::string(row.text(1)), row.integer(2), std::move(url)};
}

}  // namespace

Page<Subtitle> listSubtitles(store::Reader& reader, const SubtitleQuery& wanted) {
  const std::string after = wanted.cursor ? readCursor(*wanted.cursor, 1).front() : std::string();
  Page<Subtitle> page;
  auto query = reader.query(
      "SELECT lang, label, size FROM subtitles WHERE video_id = ? AND lang > ? AND modified >= ? AND modified < ? "
      "ORDER BY lang LIMIT ?",
      wanted.video, after, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), wanted.limit + 1);
  readPage(
      page, query, wanted.limit, [&](const store::Query& row) { return subtitleOf(row, wanted.video); },
      [](const Subtitle& last) { return makeCursor({last.lang}); });
  return page;
}

std::vector<Subtitle> subtitlesOf(store::Reader& reader, const VideoId& video) {
  std::vector<Subtitle> all;
  auto query = reader.query("SELECT lang, label, size FROM subtitles WHERE video_id = ? ORDER BY lang", video);
  while (query.next()) all.push_back(subtitleOf(query, video));
  return all;
}

std::optional<Subtitle> findSubtitle(store::Reader& reader, const SubtitleRef& wanted) {
  auto query = reader.query("SELECT lang, label, size FROM subtitles WHERE video_id = ? AND lang = ?", wanted.video,
                            wanted.lang);
  return query.next() ? std::optional(subtitleOf(query, wanted.video)) : std::nullopt;
}

std::optional<SubtitleText> findSubtitleText(store::Reader& reader, const SubtitleRef& wanted) {
  auto query =
      reader.query("SELECT lang, label, size, sha256, modified, text FROM subtitles WHERE video_id = ? AND lang = ?",
                   wanted.video, wanted.lang);
  if (!query.next()) return std::nullopt;
  return SubtitleText{subtitleOf(query, wanted.video), std::string(query.text(5)), std::string(query.text(3)),
                      query.time(4)};
}

void putSubtitle(store::Transaction& transaction, const VideoId& video, const SubtitleText& subtitle) {
  transaction
      .query(
          "INSERT INTO subtitles (video_id, lang, label, size, sha256, modified, text) VALUES (?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (video_id, lang) DO UPDATE SET label = excluded.label, size = excluded.size, "
          "sha256 = excluded.sha256, modified = excluded.modified, text = excluded.text",
          video, subtitle.lang, subtitle.label, subtitle.size, subtitle.sha256, subtitle.modified, subtitle.text)
      .run();
}

bool deleteSubtitle(store::Transaction& transaction, const SubtitleRef& wanted) {
  return transaction.query("DELETE FROM subtitles WHERE video_id = ? AND lang = ?", wanted.video, wanted.lang).run() ==
         1;
}

std::int64_t deleteSubtitlesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM subtitles WHERE video_id = ?1 AND lang IN "
          "(SELECT lang FROM subtitles WHERE video_id = ?1 LIMIT ?2)",
          video, limit)
      .run();
}

}  // namespace video::rows
