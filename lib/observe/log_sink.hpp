#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "os/descriptor.hpp"

namespace video::observe {

/// Writes log lines to stderr or to a file, from a thread of its own once `beThreaded` was called: a reader that
/// stalls, a full disk and a closed pipe delay nobody. Lines of the logger `access` are gathered, since a system call
/// for each would cost as much as the response itself. May be used from any thread.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// The name of the logger whose lines are gathered.
  static constexpr std::string_view accessName = "access";

  /// Called with the number of lines that were dropped, once lines can be written again.
  using Dropped = std::function<void(std::uint64_t lines)>;

  /// Writes to stderr until `setFile`.
  explicit LogSink(Dropped dropped) : report_(std::move(dropped)) {}
  ~LogSink() override { end(); }

  /// Writes what waits, for at most a second, and ends the thread; the next line starts it again.
  void end() { writer_ = {}; }

  /// From now on writes in a thread; until then in the calling thread.
  void beThreaded() noexcept { isThreaded_ = true; }
  /// Writes to the file at `path` from now on. Throws Error, malformed or as throwErrno does, and then goes on with the
  /// old one, if it is neither a regular file nor a FIFO or cannot be opened. A FIFO without a reader is opened later.
  void setFile(const std::string& path);
  /// Opens the file again by its name. Throws as `setFile` does.
  void reopen();
  /// Returns how many lines were dropped.
  std::uint64_t dropped() const noexcept { return dropped_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}
  void set_pattern_(const std::string&) override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter>) override {}

 private:
  using File = std::shared_ptr<const Descriptor>;

  static File open(const std::string& path);
  void writeHere();
  bool tryWriteLater(const std::stop_token& stop) noexcept;
  void writeLater(const std::stop_token& stop);
  std::size_t write(std::string_view text, const std::string& path, File& file, const std::stop_token& stop);

  const Dropped report_;
  std::string path_;  ///< empty: stderr
  File file_;         ///< null: stderr, or a FIFO that had no reader
  std::string waiting_;
  bool isUrgent_ = false;             ///< whether what waits is written without delay
  std::size_t inFlight_ = 0;          ///< bytes that the writer has taken
  const Descriptor* torn_ = nullptr;  ///< the file of whose last line only a part was written; only for the writer
  std::atomic<bool> isThreaded_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t said_ = 0;  ///< of those
  std::condition_variable_any filled_;
  std::jthread writer_;
};

}  // namespace video::observe
