"""Help with labelling: proposals, contours, tracking, doubts; pure or on pixels, and nothing here writes."""
