// SPDX-License-Identifier: GPL-3.0-or-later
#include "postgres/postgres_server.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdlib.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace tobari::test {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

constexpr const char* kPrograms = "/usr/lib/postgresql/17/bin/";
constexpr auto kPatience = 60s;

// PostgreSQL refuses to run as root.
const passwd* other_user() { return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr; }

pid_t start_program(const Words& words, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* const user = other_user();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // at once, and its children with it
  if (::getppid() != parent) ::_exit(127);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<pid_t> with_children(pid_t pid) {
  std::vector<pid_t> all{pid};
  std::ifstream children(std::format("/proc/{0}/task/{0}/children", pid));
  for (pid_t child = 0; children >> child;) all.push_back(child);
  return all;
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::start() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tobari-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, "make a folder for PostgreSQL");
  if (const passwd* const user = other_user()) {
    if (::chown(pattern.c_str(), user->pw_uid, user->pw_gid) != 0) return fail_errno(errno, "give a folder away");
  }
  std::unique_ptr<PostgresServer> made(new PostgresServer(pattern));
  TOBARI_TRY(made->make_cluster());
  TOBARI_TRY(made->start_again());
  return made;
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<void> PostgresServer::make_cluster() {
  const int status = wait_for(start_program(
      {std::string(kPrograms) + "initdb", "--pgdata", folder_ / "data", "--no-sync", "--auth=trust",
       "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"},
      folder_ / "log"));
  if (status == 0) return {};
  return fail(Errc::kUnavailable, "initdb failed, is postgresql-17 installed? " + text_of(folder_ / "log"));
}

Result<void> PostgresServer::start_again() {
  Words words{std::string(kPrograms) + "postgres", "-D", folder_ / "data"};
  for (const std::string& setting :
       {std::string("listen_addresses="), "unix_socket_directories=" + folder_.string(), std::string("jit=off"),
        std::string("max_connections=60"), std::string("shared_buffers=64MB"), std::string("log_min_messages=fatal")}) {
    words.insert(words.end(), {"-c", setting});
  }
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (pid_ < 0) pid_ = start_program(words, folder_ / "log");
    if (PQping(url_of("postgres").c_str()) == PQPING_OK) return {};
    // After a kill the memory of the earlier one may be in use for a moment: then it ends, and is tried again.
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    std::this_thread::sleep_for(20ms);
  }
  return fail(Errc::kTimeout, "PostgreSQL does not start: " + text_of(folder_ / "log"));
}

std::string PostgresServer::url_of(const std::string& database) const {
  return std::format("postgresql://postgres@/{}?host={}", database, folder_.string());
}

Result<std::string> PostgresServer::new_database() {
  const std::string name = std::format("tobari{}", ++databases_);
  TOBARI_TRY(run(url_of("postgres"), "CREATE DATABASE " + name));
  return url_of(name);
}

Result<std::string> PostgresServer::run(const std::string& url, const std::string& statements) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> line(PQconnectdb(url.c_str()), &PQfinish);
  if (PQstatus(line.get()) != CONNECTION_OK) return fail(Errc::kUnavailable, PQerrorMessage(line.get()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(line.get(), statements.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(Errc::kIo, PQerrorMessage(line.get()));
  return std::string(PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "");
}

void PostgresServer::kill() {
  if (pid_ < 0) return;
  for (const pid_t each : with_children(pid_)) ::kill(each, SIGKILL);
  wait_for(pid_);
  pid_ = -1;
}

void PostgresServer::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGINT);
  wait_for(pid_);
  pid_ = -1;
}

void PostgresServer::freeze(bool frozen) {
  for (const pid_t each : with_children(pid_)) ::kill(each, frozen ? SIGSTOP : SIGCONT);
}

}  // namespace tobari::test
