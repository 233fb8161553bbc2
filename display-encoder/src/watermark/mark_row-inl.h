// SPDX-License-Identifier: GPL-3.0-or-later
// The mark's arithmetic on vectors of pixels, for whoever walks over pixels anyway. Four channels in 32 bits; no step
// carries from one into the next.
//
// Highway includes this once for each instruction set.
#if defined(TOBARI_MARK_ROW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TOBARI_MARK_ROW_INL_H
#undef TOBARI_MARK_ROW_INL_H
#else
#define TOBARI_MARK_ROW_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

// level - level / 64, and what the pattern raises it by.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V raised(D d, V pixels, V raise) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V taken = hn::And(hn::ShiftRight<6>(pixels), hn::Set(d, 0x00030303u));
  return hn::Add(hn::Sub(pixels, taken), raise);
}

// Where there is ink, an eighth of the way to black from the brighter half of the levels, to white from the darker:
// seen on every ground.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V inked(D d, V pixels, V ink) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V highest = hn::And(hn::ShiftRight<7>(pixels), hn::Set(d, 0x00010101u));
  const V bright = hn::Sub(hn::ShiftLeft<8>(highest), highest);  // 0xFF each
  const V far = hn::Xor(pixels, hn::AndNot(bright, hn::Set(d, 0x00FFFFFFu)));
  const V step = hn::And(hn::And(hn::ShiftRight<3>(far), hn::Set(d, 0x001F1F1Fu)), ink);
  return hn::Sub(hn::Add(pixels, hn::AndNot(bright, step)), hn::And(step, bright));
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
