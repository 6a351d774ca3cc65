//! The table that is printed: each figure beside its floor, peer or target.

use std::fmt::Write as _;

/// What a figure must be.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// The rows as they are printed.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 5]>);

impl Table {
    pub(crate) fn ratio(&mut self, what: &str, ours: f64, floor_name: &str, floor: f64, most: Option<f64>) {
        let ratio = ours / floor;
        let verdict = most.map_or("", |most| if ratio <= most { "met" } else { "MISSED" });
        let bound = most.map_or(String::new(), |most| format!("<= {most}"));
        self.0.push([
            what.to_owned(),
            format!("{ours:.1} ms / {floor:.1} ms ({floor_name})"),
            format!("{ratio:.3}"),
            bound,
            verdict.to_owned(),
        ]);
    }

    pub(crate) fn value(&mut self, what: &str, value: f64, unit: &str, bound: Option<Bound>) {
        let (ratio, text, verdict) = match bound {
            Some(Bound::AtMost(most)) => (format!("{:.3}", value / most), format!("<= {most} {unit}"), value <= most),
            Some(Bound::AtLeast(least)) => {
                (format!("{:.3}", value / least), format!(">= {least} {unit}"), value >= least)
            }
            None => (String::new(), String::new(), true),
        };
        let verdict = match (bound.is_some(), verdict) {
            (false, _) => "",
            (true, true) => "met",
            (true, false) => "MISSED",
        };
        self.0.push([what.to_owned(), format!("{value:.2} {unit}"), ratio, text, verdict.to_owned()]);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heads = ["measured", "figure (median)", "ratio", "target", ""];
        let width =
            |column: usize| self.0.iter().map(|row| row[column].len()).chain([heads[column].len()]).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let mut text = String::new();
        for row in std::iter::once(heads.map(str::to_owned)).chain(self.0.iter().cloned()) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(text, "{}", cells.join("  ").trim_end())?;
        }
        f.write_str(&text)
    }
}
