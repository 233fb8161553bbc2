// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/glib_loop.h"

#include <memory>
#include <utility>

#include <tobari/base/no_throw.h>

namespace tobari::display {
namespace {

using Task = std::function<void()>;

gboolean run_task(gpointer task) {
  return no_throw("a task of the D-Bus thread", [task] {
    (*static_cast<Task*>(task))();
    return G_SOURCE_REMOVE;
  });
}

void delete_task(gpointer task) { delete static_cast<Task*>(task); }

}  // namespace

GlibLoop::GlibLoop() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {}

GlibLoop::~GlibLoop() {
  g_main_loop_unref(loop_);
  g_main_context_unref(context_);
}

void GlibLoop::start() {
  thread_ = std::jthread([this] {
    g_main_context_push_thread_default(context_);
    g_main_loop_run(loop_);
    g_main_context_pop_thread_default(context_);
  });
}

void GlibLoop::post(std::function<void()> task, int priority) {
  GSource* source = g_idle_source_new();
  g_source_set_priority(source, priority);
  auto owned = std::make_unique<Task>(std::move(task));
  g_source_set_callback(source, run_task, owned.release(), delete_task);
  g_source_attach(source, context_);
  g_source_unref(source);
}

void GlibLoop::quit() { g_main_loop_quit(loop_); }

void GlibLoop::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace tobari::display
