//! Strategy texts.

use jangbu::strategy::text::{
    COLUMN_COUNT, Explainer, Frame, History, Market, Mode, Options, Part, Plan, STEPS_MAX, VALUES_MAX, compile,
};

/// Any text as a buy text and as a sell text.
///
/// A text is refused with its place, or it runs in a bounded amount of work, keeps a bounded number of values, and never signals on a
/// row that faults; what is explained later is what was decided.
pub fn text(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    for (part, mode) in [(Part::Buy, Mode::Tick), (Part::Sell, Mode::Minute)] {
        let options = Options { mode, vars: Some(vec![30.0, 1.5]), conditions: Some(vec!["급등".into()]) };
        let mut plan = Plan::default();
        let program = match compile(&source, part, &options, &mut plan) {
            Ok(program) => program,
            Err(problem) => {
                let lines = source.lines().count().max(1) + 1;
                assert!((1..=lines).contains(&(problem.line as usize)) && problem.column >= 1, "{problem}");
                assert!(!problem.korean.is_empty() && !problem.english.is_empty());
                continue;
            }
        };
        assert!(plan.kept.values() <= VALUES_MAX);
        let explainer = Explainer::of(&source, part, &options, &mut plan).expect("compiled before");
        let mut history = History::new(&plan.kept);
        let mut slots = vec![0.0; program.slots()];
        for value in [0.0, 1.0, -3.5, 1e15, 1e-8, 1e300] {
            let row = [value; COLUMN_COUNT];
            history.push(&row, &plan.kept);
            slots[..COLUMN_COUNT].copy_from_slice(&row);
            let mut frame = Frame::new(&mut slots, &history, Market { stock: part == Part::Buy });
            let (signal, fault) = (program.run(&mut frame), frame.fault);
            assert!(!(signal && fault.is_some()), "a signal on a row that faults");
            assert!(frame.steps < 3 * STEPS_MAX, "{} steps", frame.steps);
            let mut copy = row.to_vec();
            copy.resize(explainer.slots(), 0.0);
            let told = explainer.explain(&mut Frame::new(&mut copy, &history, Market { stock: part == Part::Buy }));
            assert_eq!((told.signal, told.fault), (signal, fault));
        }
    }
}
