// SPDX-License-Identifier: GPL-2.0
/*
 * Linux 6.8 to 7.x never takes a plane's "ignore the damage" mark back (drm_plane_state.ignore_damage_clips): after the
 * first change of framebuffer every key press is told to the host as a change of the whole screen. This does what the
 * kernel's own correction does, at the same place: a copied state starts without the mark. With that correction in the
 * kernel it changes nothing, and this folder can go.
 */
#include <drm/drm_plane.h>
#include <linux/kprobes.h>
#include <linux/module.h>

struct copy {
	struct drm_plane_state *state;
};

/* __drm_atomic_helper_plane_duplicate_state(plane, state) */
static int remember(struct kretprobe_instance *call, struct pt_regs *regs)
{
	((struct copy *)call->data)->state = (struct drm_plane_state *)regs->si;
	return 0;
}

static int take_mark_back(struct kretprobe_instance *call, struct pt_regs *regs)
{
	((struct copy *)call->data)->state->ignore_damage_clips = false;
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "__drm_atomic_helper_plane_duplicate_state",
	.entry_handler = remember,
	.handler = take_mark_back,
	.data_size = sizeof(struct copy),
	.maxactive = 16,
};

static int __init tobari_damage_init(void)
{
	return register_kretprobe(&probe);
}

static void __exit tobari_damage_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(tobari_damage_init);
module_exit(tobari_damage_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Damage rectangles of virtual displays that stay rectangles");
