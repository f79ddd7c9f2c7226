//! The pace against the quota over time, as SVG.
//!
//! Owns: the pictures. Invariant: equal runs give equal files. May import: `record`, `scenario`.

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, LineSeries, PathElement, RED, RGBColor, Rectangle, SVGBackend,
    SeriesLabelPosition, WHITE,
};
use plotters::style::{BLACK, FontFamily};
use std::error::Error;
use std::path::Path;

use crate::record::Record;
use crate::scenario::{Contender, Scenario};

/// The size of a picture, points.
const SIZE: (u32, u32) = (900, 360);
/// Points of a line; each is the mean over its share of the time.
const POINTS: usize = 360;
/// The head-room above the highest quota.
const HEADROOM: f64 = 1.45;

const QUOTA: RGBColor = RGBColor(120, 120, 120);
const PACE: RGBColor = RGBColor(20, 100, 180);
const DELIVERED: RGBColor = RGBColor(40, 150, 70);

/// Draws `record`, a run of `scenario` with `contender`, to `path`.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(
    scenario: &Scenario,
    contender: Contender,
    record: &Record,
    path: &Path,
) -> Result<(), Box<dyn Error>> {
    let quota: Vec<f64> = (0..second(scenario.secs)).map(|s| scenario.per_sec(s as f64)).collect();
    let top = HEADROOM * quota.iter().copied().fold(0.0, f64::max);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let title =
        format!("{}: {} ({:.2} % refused)", scenario.name, contender.name(), record.refused_percent());
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FontFamily::SansSerif, 18))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..scenario.secs / 60.0, 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("minutes")
        .y_desc("requests per second")
        .max_light_lines(1)
        .x_label_formatter(&|minutes| format!("{minutes:.0}"))
        .y_label_formatter(&|per_sec| format!("{per_sec:.0}"))
        .draw()?;

    let good = points(scenario, &record.good_by_second(), top);
    chart
        .draw_series(LineSeries::new(good, DELIVERED.stroke_width(1)))?
        .label("delivered")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], DELIVERED.stroke_width(2)));
    if scenario.starts.len() == 1 {
        let rates = points(scenario, &record.rates(), top);
        chart
            .draw_series(LineSeries::new(rates, PACE.stroke_width(2)))?
            .label("pace")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], PACE.stroke_width(2)));
    }
    chart
        .draw_series(LineSeries::new(points(scenario, &quota, top), QUOTA.stroke_width(2)))?
        .label("quota")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], QUOTA.stroke_width(2)));
    let refused = points(scenario, &record.refused_by_second(), top);
    let width = scenario.secs / 60.0 / POINTS as f64;
    chart
        .draw_series(
            refused
                .into_iter()
                .filter(|(_, n)| *n > 0.0)
                .map(|(at, n)| Rectangle::new([(at, 0.0), (at + width, n)], RED.filled())),
        )?
        .label("refused")
        .legend(|(x, y)| Rectangle::new([(x, y - 4), (x + 20, y + 4)], RED.filled()));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Means of `seconds` over equal spans, by minute, not above `top`.
fn points(scenario: &Scenario, seconds: &[f64], top: f64) -> Vec<(f64, f64)> {
    let whole = second(scenario.secs);
    let span = (whole / POINTS).max(1);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let point = |(index, values): (usize, &[f64])| ((index * span) as f64 / 60.0, mean(values).min(top));
    seconds[..whole.min(seconds.len())].chunks(span).enumerate().map(point).collect()
}

fn second(time: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of the simulation")]
    let second = time.max(0.0) as usize;
    second
}
