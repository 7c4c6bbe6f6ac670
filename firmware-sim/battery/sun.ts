// Temperature and sunlight over the year, hour by hour.

import type { Scenario } from "./scenario.ts";

export const YEAR_HOURS = 8760;
const WARMEST_DAY = 201; // of the northern year; a month behind the solstice
const WARMEST_HOUR = 15;

/** C, at an hour of the year (0 is the first of January, midnight). For the southern half of the world start half a year later. */
export function temperatureAt({ meanC, seasonC, dayC }: Scenario["temperature"], hourOfYear: number): number {
  const season = Math.cos((2 * Math.PI * (hourOfYear / 24 - WARMEST_DAY)) / 365);
  return meanC + seasonC * season + dayC * Math.cos((2 * Math.PI * (hourOfYear - WARMEST_HOUR)) / 24);
}

/**
 * Sine of the sun's elevation, 0 at night. Declination: 23.45 deg * sin(360 deg * (284 + day) / 365) (P. I. Cooper, The absorption of
 * radiation in solar stills, Solar Energy 12, 1969); hours are solar time.
 */
export function sunHeight(latitudeDeg: number, hourOfYear: number): number {
  const radian = Math.PI / 180;
  const day = Math.floor(hourOfYear / 24) + 1;
  const declination = 23.45 * radian * Math.sin((2 * Math.PI * (284 + day)) / 365);
  const hourAngle = ((hourOfYear % 24) - 12) * 15 * radian;
  const latitude = latitudeDeg * radian;
  const height = Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.max(0, height);
}

/** mW that reach the battery: a flat panel gives panelMw at 1000 W/m2, which is a clear sky with the sun overhead. */
export function sunMw(sun: NonNullable<Scenario["sun"]>, hourOfYear: number): number {
  return sun.panelMw * sun.clearShare * sunHeight(sun.latitudeDeg, hourOfYear) * (sun.efficiencyPercent / 100);
}
